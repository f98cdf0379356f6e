#include "yaml/node.hpp"

#include "yaml/plain_text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ferrule::yaml {

struct node::content {
    kind type = kind::nothing;
    std::string text;
    std::vector<node> items;
    std::vector<yaml_entry> entries;
    std::size_t weight = 1;
};

node::node(std::shared_ptr<const content> holds, place at, bool is_alias)
    : content_(std::move(holds)), at_(at), is_alias_(is_alias)
{
}

node::kind node::type() const
{
    return content_->type;
}
std::size_t node::weight() const
{
    return content_->weight;
}
const std::string& node::scalar() const
{
    return content_->text;
}
const std::vector<node>& node::items() const
{
    return content_->items;
}
const std::vector<yaml_entry>& node::entries() const
{
    return content_->entries;
}

namespace {

constexpr std::size_t max_depth = 32;
constexpr std::size_t max_weight = 100'000;

using kind = node::kind;

/// Leaves the parser from inside one of its callbacks.
struct refusal {
    diagnostic why;
};

place place_of(const YAML::Mark& mark)
{
    return {mark.line + 1, mark.column + 1};
}

[[noreturn]] void refuse(const YAML::Mark& mark, std::string message, std::string fix = {})
{
    const place at = place_of(mark);
    throw refusal{{severity::error, at.line, at.column, std::move(message), std::move(fix)}};
}

/// Builds the tree from the parser's events. YAML::Node is not used because it drops repeated keys
/// and forgets where an alias stands.
class tree_builder : public YAML::EventHandler {
public:
    std::optional<node> root;

    void OnDocumentStart(const YAML::Mark& mark) override
    {
        if (++documents_ > 1)
            refuse(mark, "a second YAML document begins here", "one file holds one document");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        finish({mark, anchor, std::make_shared<node::content>()});
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override
    {
        unfinished scalar = begin(kind::scalar, mark, tag, anchor);
        scalar.holds->text = value;
        finish(std::move(scalar));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        const auto meant = anchors_.find(anchor);
        if (meant == anchors_.end())
            refuse(mark, "this alias stands inside of the value that it stands for");
        add(meant->second.alias_at(place_of(mark)), mark);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        open(kind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        open(kind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct unfinished {
        YAML::Mark mark;
        YAML::anchor_t anchor = 0;
        std::shared_ptr<node::content> holds;
        std::optional<node> key = {}; ///< of the entry under way, in a map
    };

    static unfinished begin(kind type, const YAML::Mark& mark, const std::string& tag,
                            YAML::anchor_t anchor)
    {
        if (!tag.empty() && tag != "?" && tag != "!")
            refuse(mark, "YAML tags are not supported", "remove the tag");
        unfinished value{mark, anchor, std::make_shared<node::content>()};
        value.holds->type = type;
        return value;
    }

    void open(kind type, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor)
    {
        if (open_.size() == max_depth)
            refuse(mark, "nested more than " + std::to_string(max_depth) + " levels deep");
        open_.push_back(begin(type, mark, tag, anchor));
    }

    void close()
    {
        unfinished done = std::move(open_.back());
        open_.pop_back();
        finish(std::move(done));
    }

    void finish(unfinished done)
    {
        const node value(std::move(done.holds), place_of(done.mark));
        if (done.anchor != YAML::NullAnchor)
            anchors_.insert_or_assign(done.anchor, value);
        add(value, done.mark);
    }

    void add(const node& value, const YAML::Mark& mark)
    {
        if (open_.empty()) {
            root = value;
            return;
        }
        unfinished& parent = open_.back();
        parent.holds->weight += value.weight();
        if (parent.holds->weight > max_weight)
            refuse(mark, "more than " + std::to_string(max_weight) + " values");

        if (parent.holds->type == kind::list) {
            parent.holds->items.push_back(value);
        } else if (!parent.key) {
            parent.key = value;
        } else {
            parent.holds->entries.push_back({*parent.key, value});
            parent.key.reset();
        }
    }

    int documents_ = 0;
    std::vector<unfinished> open_;
    std::unordered_map<YAML::anchor_t, node> anchors_;
};

/// What to try, for the errors that a configuration of addresses runs into.
std::string fix_for(std::string_view yaml_error)
{
    if (yaml_error == YAML::ErrorMsg::UNKNOWN_ANCHOR)
        return "an address with a '*' needs quotation marks: \"*:443\"";
    if (yaml_error == YAML::ErrorMsg::END_OF_SEQ || yaml_error == YAML::ErrorMsg::END_OF_MAP)
        return "check the indentation; an address with a '[' needs quotation marks: \"[::]:443\"";
    if (yaml_error == YAML::ErrorMsg::MAP_VALUE)
        return "check the indentation; a value with ': ' in it needs quotation marks";
    if (yaml_error == YAML::ErrorMsg::UNKNOWN_TOKEN)
        return "a value that begins with this character needs quotation marks";
    return {};
}

diagnostic not_text(const std::string& text, const text_flaw& flaw)
{
    diagnostic finding{severity::error, 1, 1, flaw.message, "the file must be UTF-8 text"};
    for (std::size_t i = 0; i < flaw.offset; ++i) {
        ++finding.column;
        if (text[i] == '\n') {
            ++finding.line;
            finding.column = 1;
        }
    }
    return finding;
}

struct numbered_line {
    int number;
    std::string_view text;
};

/// The line in which YAML stumbled and the one before it: the cause may stand in either.
std::vector<numbered_line> lines_near(std::string_view text, int line)
{
    std::vector<numbered_line> near;
    int number = 1;
    for (std::size_t from = 0; from < text.size() && number <= line; ++number) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        if (number >= line - 1)
            near.push_back({number, text.substr(from, end - from)});
        from = end + 1;
    }
    return near;
}

/// YAML takes an odd blank for a letter, and stumbles in its line or in the next one. A comment may
/// hold any.
std::optional<diagnostic> odd_blank_near(std::string_view text, int line,
                                         const std::string& yaml_error)
{
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf"; // it may begin a file
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    for (const numbered_line& each : lines_near(text, line)) {
        const auto found = find_odd_blank(each.text);
        if (found && found->offset < each.text.find('#'))
            return diagnostic{severity::error, each.number, static_cast<int>(found->offset) + 1,
                              found->message + ", which YAML takes for a letter",
                              "write an ordinary blank; YAML says: " + yaml_error};
    }
    return std::nullopt;
}

/// Within `[...]` or `{...}`, the brace of `${NAME}` is YAML's own.
std::string fix_near(std::string_view text, int line, const std::string& yaml_error)
{
    for (const numbered_line& each : lines_near(text, line)) {
        if (each.text.find("${") < each.text.find('#'))
            return "nothing is expanded: instead of ${...}, write the value itself, or let "
                   "envsubst write the file";
    }
    return fix_for(yaml_error);
}

} // namespace

yaml_document parse_yaml(const std::string& text)
{
    if (const auto flaw = find_flaw(text))
        return {{}, not_text(text, *flaw)};

    tree_builder builder;
    try {
        std::istringstream input(text);
        YAML::Parser parser(input);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const refusal& refused) {
        return {{}, refused.why};
    } catch (const YAML::Exception& error) {
        const place at = place_of(error.mark);
        if (const auto blank = odd_blank_near(text, at.line, error.msg))
            return {{}, *blank};
        return {{},
                diagnostic{severity::error, at.line, at.column, "not valid YAML: " + error.msg,
                           fix_near(text, at.line, error.msg)}};
    }
    return {builder.root, {}};
}

} // namespace ferrule::yaml
