// Memory for OpenSSL's record buffers.
//
// A session without traffic owns no buffer (SSL_MODE_RELEASE_BUFFERS), so OpenSSL takes and gives
// back two of about 17 KiB for each message. That is too large for the allocator's quick lists;
// here a thread keeps the last few for its next message.
#pragma once

namespace ferrule::tls {

/// Before anything else of OpenSSL's is called. False if it was too late: then OpenSSL goes on with
/// the allocator's.
bool keep_record_memory() noexcept;

} // namespace ferrule::tls
