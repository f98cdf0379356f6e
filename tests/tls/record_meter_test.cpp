// How far in a record the taken ciphertext is, in whatever pieces it comes.
#include "tls/record_meter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace ferrule::tls {
namespace {

/// Records with bodies of these sizes, and behind each byte how much of its record has come.
struct records {
    std::vector<std::byte> bytes;
    std::vector<std::size_t> unfinished{0};
    std::vector<std::size_t> last{0};

    void add(std::size_t body)
    {
        const std::size_t whole = 5 + body;
        for (std::size_t at = 0; at < whole; ++at) {
            const std::size_t value = at == 3 ? body / 256 : at == 4 ? body % 256 : 23;
            bytes.push_back(static_cast<std::byte>(value));
            const bool is_end = at + 1 == whole;
            unfinished.push_back(is_end ? 0 : at + 1);
            last.push_back(is_end ? whole : last.back());
        }
    }
};

records some_records()
{
    records made;
    for (const std::size_t body :
         {std::size_t{1}, std::size_t{0}, std::size_t{300}, std::size_t{2}, std::size_t{0}})
        made.add(body);
    return made;
}

TEST(RecordMeter, CountsPiecesOfEverySize)
{
    const records made = some_records();
    for (std::size_t piece = 1; piece <= made.bytes.size(); ++piece) {
        record_meter meter;
        for (std::size_t at = 0; at < made.bytes.size();) {
            const std::size_t count = std::min(piece, made.bytes.size() - at);
            meter.take(std::span{made.bytes}.subspan(at, count));
            at += count;
            ASSERT_EQ(meter.unfinished(), made.unfinished[at]) << piece << " bytes each, at " << at;
            ASSERT_EQ(meter.last(), made.last[at]) << piece << " bytes each, at " << at;
        }
    }
}

TEST(RecordMeter, CountsTwoPiecesThatAreCutAnywhere)
{
    const records made = some_records();
    for (std::size_t cut = 0; cut <= made.bytes.size(); ++cut) {
        record_meter meter;
        meter.take(std::span{made.bytes}.first(cut));
        EXPECT_EQ(meter.unfinished(), made.unfinished[cut]) << "cut at " << cut;
        meter.take(std::span{made.bytes}.subspan(cut));
        EXPECT_EQ(meter.unfinished(), 0U) << "cut at " << cut;
    }
}

} // namespace
} // namespace ferrule::tls
