// A configuration file on disk → settings, with OpenSSL's opinion of its TLS options.
#pragma once

#include "base/text_file.hpp"
#include "config/reader.hpp"

#include <string>
#include <vector>

namespace ferrule::process {

struct loaded {
    config::reading reading;
    std::string text; ///< of the file, for config::to_text; empty if it could not be read
};

/// Reads `path`; relative paths in it are taken from its own directory. A file that cannot be read
/// is one finding in line 0. If `others` than files are taken, it may be a pipe or a device, which
/// is read to its end; relative paths are then taken from the current directory. For any thread;
/// blocks for the disk, or for whoever writes to the pipe. Throws nothing for what the files say or
/// are.
loaded load_settings(const std::string& path, base::streams others = base::streams::refused);

/// The inspector that load_settings gives to the reader: what tls::inspect finds, with fixes.
std::vector<config::tls_finding> inspect_tls(const config::tls_settings& options);

} // namespace ferrule::process
