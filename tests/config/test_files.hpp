// Temporary directories, certificates and shipped files for the tests of the configuration.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace ferrule::test {

/// A directory that is gone at the end of the test.
class temporary_directory {
public:
    temporary_directory()
    {
        std::string name = (std::filesystem::temp_directory_path() / "ferrule-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("cannot make a temporary directory");
        path_ = name;
    }
    ~temporary_directory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    std::string path() const { return path_.string(); }
    std::string path(const std::string& name) const { return (path_ / name).string(); }

    std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const
    {
        const std::string file = path(name);
        std::ofstream(file, std::ios::binary) << text;
        if (::chmod(file.c_str(), mode) != 0)
            throw std::runtime_error("cannot change the mode of " + file);
        return file;
    }

private:
    std::filesystem::path path_;
};

inline std::string read_whole(const std::filesystem::path& file)
{
    std::ifstream input(file, std::ios::binary);
    if (!input)
        throw std::runtime_error("cannot read " + file.string());
    std::ostringstream text;
    text << input.rdbuf();
    return text.str();
}

/// The top of the source tree.
inline std::filesystem::path source_tree()
{
    return FERRULE_SOURCE_DIR;
}

struct certificate_and_key {
    std::string certificate;
    std::string key;
};

/// Dates that no test outlives, as YYYYMMDDHHMMSSZ.
inline constexpr const char* long_ago = "20200101000000Z";
inline constexpr const char* far_ahead = "29990101000000Z";

/// A self-signed P-256 certificate.
inline certificate_and_key make_certificate(const char* not_before = long_ago,
                                            const char* not_after = far_ahead)
{
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), not_before);
    ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), not_after);
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    const auto* const common_name = reinterpret_cast<const unsigned char*>("test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_set_pubkey(certificate.get(), key.get());
    if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
        throw std::runtime_error("cannot sign a certificate");

    const auto taken = [&] {
        char* data = nullptr;
        const long size = BIO_get_mem_data(out.get(), &data);
        std::string text(data, static_cast<std::size_t>(size));
        BIO_reset(out.get());
        return text;
    };
    certificate_and_key result;
    PEM_write_bio_X509(out.get(), certificate.get());
    result.certificate = taken();
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    result.key = taken();
    return result;
}

} // namespace ferrule::test
