// JsonRecord over the event parser of Boost.JSON: grammar, UTF-8 and escapes are the library's, the list of values is
// ours.
#include <brume/json.h>

#include <algorithm>
#include <bit>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>  // the library itself: it is used as headers, and here only
#include <limits>

namespace brume {
namespace {

namespace boost_json = boost::json;
using boost_json::error_code;
using detail::JsonNode;

constexpr std::size_t kSizeLimit = std::numeric_limits<std::uint32_t>::max();

const char* words_for(const error_code& code) {
  using boost_json::error;
  if (code == error::incomplete) return "the line ends within a JSON text";
  if (code == error::too_deep) return "arrays and objects are deeper within each other than the limit";
  if (code == error::exponent_overflow) return "a number's exponent is too large";
  if (code == error::illegal_leading_surrogate || code == error::illegal_trailing_surrogate ||
      code == error::expected_utf16_escape)
    return "an escape is half of a surrogate pair";
  if (code == error::expected_hex_digit) return "an escape has a byte that is no hexadecimal digit";
  return "not JSON in UTF-8 (RFC 8259)";
}

// Takes the parser's events; what it refuses it names in `fault`, and stops the parser.
class Builder {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  void begin(std::string_view line, std::size_t value_limit) {
    nodes.clear();
    open_.clear();
    decoded_.clear();
    line_ = line;
    value_limit_ = value_limit;
    fault = nullptr;
  }

  bool on_document_begin(error_code& /*error*/) { return true; }
  bool on_document_end(error_code& /*error*/) { return true; }
  bool on_object_begin(error_code& error) { return open(JsonKind::kObject, error); }
  bool on_array_begin(error_code& error) { return open(JsonKind::kArray, error); }
  bool on_object_end(std::size_t count, error_code& error) {
    return names_differ(close(count), count) || refuse("a name stands twice in an object", error);
  }
  bool on_array_end(std::size_t count, error_code& /*error*/) {
    close(count);
    return true;
  }
  bool on_key_part(boost_json::string_view part, std::size_t /*size*/, error_code& /*error*/) { return keep(part); }
  bool on_key(boost_json::string_view last, std::size_t size, error_code& error) { return string(last, size, error); }
  bool on_string_part(boost_json::string_view part, std::size_t /*size*/, error_code& /*error*/) { return keep(part); }
  bool on_string(boost_json::string_view last, std::size_t size, error_code& error) {
    return string(last, size, error);
  }
  // A line comes in one piece, and so does every number of it.
  bool on_number_part(boost_json::string_view /*part*/, error_code& /*error*/) { return true; }
  bool on_int64(std::int64_t /*number*/, boost_json::string_view text, error_code& error) {
    return add(JsonKind::kNumber, text.data(), text.size(), error);
  }
  bool on_uint64(std::uint64_t /*number*/, boost_json::string_view text, error_code& error) {
    return add(JsonKind::kNumber, text.data(), text.size(), error);
  }
  bool on_double(double /*number*/, boost_json::string_view text, error_code& error) {
    return add(JsonKind::kNumber, text.data(), text.size(), error);
  }
  bool on_bool(bool is_true, error_code& error) {
    if (!add(JsonKind::kBoolean, nullptr, 0, error)) return false;
    nodes.back().is_true = is_true;
    return true;
  }
  bool on_null(error_code& error) { return add(JsonKind::kNull, nullptr, 0, error); }
  // Never called: comments are off.
  bool on_comment_part(boost_json::string_view /*part*/, error_code& /*error*/) { return true; }
  bool on_comment(boost_json::string_view /*last*/, error_code& /*error*/) { return true; }

  std::vector<JsonNode> nodes;
  const char* fault = nullptr;

 private:
  bool refuse(const char* why, error_code& error) {
    fault = why;
    error = boost_json::error::exception;
    return false;
  }
  bool add(JsonKind kind, const char* text, std::size_t size, error_code& error) {
    if (nodes.size() >= value_limit_) return refuse("more values and names than the limit", error);
    nodes.push_back({text, static_cast<std::uint32_t>(size), 1, kind, false});
    return true;
  }
  bool open(JsonKind kind, error_code& error) {
    open_.push_back(nodes.size());
    return add(kind, nullptr, 0, error);
  }
  // The index of what closes.
  std::size_t close(std::size_t count) {
    const std::size_t index = open_.back();
    open_.pop_back();
    nodes[index].size = static_cast<std::uint32_t>(count);
    nodes[index].span = static_cast<std::uint32_t>(nodes.size() - index);
    return index;
  }
  // A part of a string with escapes. What is decoded is never longer than the line, so views into it stay.
  bool keep(boost_json::string_view part) {
    if (decoded_.capacity() < line_.size()) decoded_.reserve(line_.size());
    decoded_.append(part.data(), part.size());
    return true;
  }
  // What has no escapes comes in one part, and stays in the line.
  bool string(boost_json::string_view last, std::size_t size, error_code& error) {
    const auto at = std::bit_cast<std::uintptr_t>(last.data()) - std::bit_cast<std::uintptr_t>(line_.data());
    if (last.size() == size && at < line_.size()) return add(JsonKind::kString, last.data(), size, error);
    keep(last);
    return add(JsonKind::kString, decoded_.data() + (decoded_.size() - size), size, error);
  }

  bool names_differ(std::size_t object, std::size_t count) {
    names_.clear();
    const JsonNode* at = &nodes[object] + 1;
    for (std::size_t i = 0; i < count; ++i, at += 1 + (at + 1)->span) names_.emplace_back(at->text, at->size);
    constexpr std::size_t kFew = 8;
    if (count > kFew) {
      std::ranges::sort(names_);
      return std::ranges::adjacent_find(names_) == names_.end();
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (names_[i] == names_[j]) return false;
      }
    }
    return true;
  }

  std::string_view line_;
  std::size_t value_limit_ = 0;
  std::vector<std::size_t> open_;  // arrays and objects that have not ended
  std::string decoded_;
  std::vector<std::string_view> names_;
};

}  // namespace

class JsonRecord::Parser {
 public:
  explicit Parser(const JsonLimits& limits)
      : size_limit_(std::min(limits.size, kSizeLimit)), value_limit_(limits.values), parser_(options_for(limits)) {}

  bool parse(std::string_view line, const char*& fault, std::size_t& offset) {
    offset = 0;
    if (line.size() > size_limit_) return refuse("the line is longer than the limit", fault);
    Builder& builder = parser_.handler();
    builder.begin(line, value_limit_);
    parser_.reset();
    error_code error;
    offset = parser_.write_some(false, line.data(), line.size(), error);
    if (error) return refuse(builder.fault != nullptr ? builder.fault : words_for(error), fault);
    if (offset < line.size()) return refuse("something stands behind the JSON text", fault);
    return true;
  }
  const JsonNode* root() const { return std::as_const(parser_).handler().nodes.data(); }

 private:
  static boost_json::parse_options options_for(const JsonLimits& limits) {
    boost_json::parse_options options;
    options.max_depth = limits.depth;
    return options;
  }
  static bool refuse(const char* why, const char*& fault) {
    fault = why;
    return false;
  }

  std::size_t size_limit_;
  std::size_t value_limit_;
  boost_json::basic_parser<Builder> parser_;
};

JsonRecord::JsonRecord(const JsonLimits& limits) : parser_(std::make_unique<Parser>(limits)) {}
JsonRecord::JsonRecord(JsonRecord&&) noexcept = default;
JsonRecord& JsonRecord::operator=(JsonRecord&&) noexcept = default;
JsonRecord::~JsonRecord() = default;

bool JsonRecord::parse(std::string_view line) {
  error_ = nullptr;
  root_ = {};
  if (!parser_->parse(line, error_, error_offset_)) return false;
  root_ = JsonValue(parser_->root());
  return true;
}

}  // namespace brume
