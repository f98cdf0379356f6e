// The documents about the configuration against its table: config/ferrule.yaml,
// docs/configuration.md and the man page ferrule.yaml(5) name each key of the table, in its order,
// with the same default and the same limits, and begin with the same sentence.

#include "config/told_keys.hpp"
#include "yaml/scalars.hpp"

#include <gtest/gtest.h>

#include <sys/un.h>

namespace ferrule::config {

namespace {

/// One in each line, so that a failure shows the lines that differ.
std::string paths_of(const std::vector<told_key>& keys)
{
    std::string paths;
    for (const told_key& each : keys)
        paths += each.path() + "\n";
    return paths;
}

/// "60s" is "1m".
bool is_same_value(const std::string& one, const std::string& other)
{
    const auto duration = yaml::parse_duration(one).value;
    return one == other || (duration && duration == yaml::parse_duration(other).value);
}

/// True if `text` has `words`, and not as a part of longer ones.
bool says(const std::string& text, const std::string& words)
{
    const auto is_part = [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
    };
    for (auto at = text.find(words); at != text.npos; at = text.find(words, at + 1)) {
        const auto end = at + words.size();
        if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end])))
            return true;
    }
    return false;
}

/// "auto, or 1 to 256" is "auto" and "1 to 256".
std::vector<std::string> parts_of(const std::string& allowed)
{
    std::vector<std::string> parts;
    for (const std::string& part : split(allowed, ", "))
        parts.push_back(part.starts_with("or ") ? part.substr(3) : part);
    return parts;
}

class the_document : public testing::TestWithParam<const char*> {
protected:
    /// Calls `compare(row, key)` for each row that the document tells of.
    template <class Compare>
    void for_each_key(Compare compare)
    {
        for (const told_key& row : rows) {
            const auto key =
                std::find_if(document.keys.begin(), document.keys.end(),
                             [&](const told_key& each) { return each.path() == row.path(); });
            if (key == document.keys.end())
                continue; // another test has that
            SCOPED_TRACE(document.path + ": " + row.path());
            compare(row, *key);
        }
    }

    const told_document document = told_by(GetParam());
    const std::vector<told_key> rows = all_rows();
};

TEST_P(the_document, has_the_keys_of_the_table_in_its_order)
{
    EXPECT_EQ(paths_of(document.keys), paths_of(rows)) << document.path;
}

TEST_P(the_document, has_the_defaults_of_the_table)
{
    for_each_key([&](const told_key& row, const told_key& key) {
        if (document.is_prose && row.standard == "required")
            return; // it has an example there
        if (row.standard.size() > 60 && key.standard == "see ferrule.yaml")
            return; // too long for a table
        EXPECT_TRUE(is_same_value(key.standard, row.standard))
            << "says '" << key.standard << "', and it is '" << row.standard << "'";
    });
}

TEST_P(the_document, allows_what_the_table_allows)
{
    for_each_key([&](const told_key& row, const told_key& key) {
        if (!document.is_prose) {
            EXPECT_EQ(key.allowed, row.allowed);
            return;
        }
        // What a row says in words of its own may be said in others, but for `off`.
        for (const std::string& part : parts_of(row.allowed))
            EXPECT_TRUE((row.is_own && part != "off") || part.empty() || says(key.text, part))
                << "says '" << key.text << "', and not '" << part << "'";
    });
}

TEST_P(the_document, begins_with_the_sentence_of_the_table)
{
    for_each_key([&](const told_key& row, const told_key& key) {
        std::string text = key.text;
        if (row.text.empty())
            return;
        if (text.starts_with("See ")) // a block: its section says what it is
            text = document.opening_of(row.name);
        const std::string start = row.text.substr(0, row.text.size() - 1);
        const std::string next = text.substr(std::min(start.size(), text.size()), 1);
        EXPECT_TRUE(text.starts_with(start) && (next == "." || (document.is_prose && next == ":")))
            << "says '" << text << "', and the table '" << row.text << "'";
    });
}

INSTANTIATE_TEST_SUITE_P(of_the_configuration, the_document,
                         testing::Values(reference_path, manual_path, page_path),
                         [](const auto& tested) { return replaced(tested.param, "[^a-z]", "_"); });

TEST(the_table, has_one_sentence_for_each_key_without_markup)
{
    for (const told_key& row : all_rows()) {
        EXPECT_EQ(row.text, without_roff(without_markdown(row.text)));
        EXPECT_EQ(row.text.find(". "), row.text.npos) << row.path();
        EXPECT_TRUE(row.text.ends_with('.') || (row.text.empty() && row.is_own)) << row.path();
    }
}

/// Reads the default of `key` as a file has it.
template <class Place, class Kind, class Settings>
void expect_default_is_allowed(const row<Place, Kind>& key, const Settings& defaults)
{
    const auto document = yaml::parse_yaml(key.standard(defaults));
    yaml::report out;
    const auto value = key.kind.read({document.root.value(), {}, ""}, out);
    ASSERT_TRUE(value) << key.name << ": " << key.standard(defaults);
    Settings read = defaults;
    auto& place = std::invoke(key.place, read);
    place = static_cast<std::remove_reference_t<decltype(place)>>(*value);
    EXPECT_EQ(read, defaults) << key.name;
}

template <class Settings>
void expect_default_is_allowed(const own_row&, const Settings&)
{
    // The shipped file has it, and another test reads that.
}

TEST(the_table, allows_the_default_of_each_key)
{
    for_each_block([](const std::string&, const auto& rows, const auto& defaults) {
        for_each_row(rows, [&](const auto& each, std::size_t) {
            expect_default_is_allowed(each, defaults);
        });
    });
}

TEST(the_table, says_in_words_the_limits_that_readers_have)
{
    for (const told_key& row : all_rows()) {
        if (row.path() == "backends[].servers") {
            EXPECT_TRUE(says(row.allowed, "1 to " + std::to_string(max_servers)));
        }
        if (row.path() == "control.path") {
            EXPECT_TRUE(says(row.allowed, std::to_string(sizeof(sockaddr_un::sun_path) - 1)));
        }
    }
}

} // namespace
} // namespace ferrule::config
