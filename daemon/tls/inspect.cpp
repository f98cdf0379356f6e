#include "tls/assembly.hpp"
#include "tls/pem.hpp"
#include "tls/trial_handshake.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>

namespace ferrule::tls {

namespace {

constexpr std::int64_t soon_seconds = 14 * 24 * 3600;

/// Empty: `certificate` is good at that moment and for a while.
std::string doubt_about_dates(const X509& certificate, std::int64_t now_seconds)
{
    const std::int64_t begin = seconds_of(X509_get0_notBefore(&certificate));
    const std::int64_t end = seconds_of(X509_get0_notAfter(&certificate));
    if (end < now_seconds)
        return "expired on " + text_of(end);
    if (begin > now_seconds)
        return "is not valid before " + text_of(begin);
    if (end - now_seconds < soon_seconds)
        return "expires soon, on " + text_of(end);
    return {};
}

/// Who issued whom is not asked of a chain whose first certificate is the wrong one already.
std::vector<problem> doubts_about(const std::vector<certificate_ptr>& chain,
                                  std::int64_t now_seconds, bool is_in_order)
{
    std::vector<problem> doubts;
    const auto doubt = [&](std::string message) {
        doubts.push_back({problem::about::certificate, true, std::move(message)});
    };
    for (std::size_t i = 0; i < chain.size(); ++i) {
        const std::string in_chain = "certificate " + std::to_string(i + 1) + " of the chain (" +
                                     subject_of(*chain[i]) + ") ";
        const std::string dates = doubt_about_dates(*chain[i], now_seconds);
        if (!dates.empty())
            doubt(i == 0 ? dates : in_chain + dates);
        if (is_in_order && i > 0 &&
            X509_check_issued(chain[i].get(), chain[i - 1].get()) != X509_V_OK)
            doubt(in_chain + "did not issue certificate " + std::to_string(i) + " (" +
                  subject_of(*chain[i - 1]) + ")");
    }
    ERR_clear_error();
    return doubts;
}

} // namespace

std::vector<problem> inspect(const context_options& options)
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return inspect(options, std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

std::vector<problem> inspect(const context_options& options, std::int64_t now_seconds)
{
    std::vector<problem> problems;
    const ssl_ctx_ptr native = assemble(options, problems);
    const bool has_wrong_certificate = std::ranges::any_of(
        problems, [](const problem& each) { return each.which == problem::about::certificate; });
    if (problems.empty())
        problems = failed_handshakes(native.get(), options);
    const chain_reading chain = read_chain(options.certificate_pem);
    std::ranges::move(doubts_about(chain.certificates, now_seconds, !has_wrong_certificate),
                      std::back_inserter(problems));
    std::ranges::stable_sort(problems, std::less<>(), &problem::which);
    return problems;
}

certificate_summary summary_of(const std::string& certificate_pem)
{
    const chain_reading chain = read_chain(certificate_pem);
    if (!chain.error.empty())
        throw std::runtime_error("the certificate " + chain.error);
    const X509& leaf = *chain.certificates.front();
    return {subject_of(leaf), serial_of(leaf), seconds_of(X509_get0_notAfter(&leaf))};
}

} // namespace ferrule::tls
