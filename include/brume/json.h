// Records of JSON lines: each line is one JSON text (RFC 8259). A line end never stands within one, because strings
// escape theirs, so a file may be cut at every line:
//
//   brume::JsonRecord record;
//   for (std::string_view line : brume::Lines(text)) {
//     if (!record.parse(line)) ... record.error(), record.error_offset() ...
//     if (auto age = record["user"]["age"].int64()) use(*age);
//   }
//
// Strict: UTF-8 only, no comments, no trailing commas, no name twice in an object (RFC 7493), no half of a surrogate
// pair, white space only where RFC 8259 has it (the return before a line's end is such). What is written:
// json_writer.h.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brume {

// kMissing: what is asked for is not there.
enum class JsonKind : std::uint8_t { kMissing, kNull, kBoolean, kNumber, kString, kArray, kObject };

namespace detail {

// A value, or a member's name, which stands before its value. Values lie in the order of the text.
struct JsonNode {
  const char* text = nullptr;  // of a string or name: decoded; of a number: as it stands in the line
  std::uint32_t size = 0;      // of the text; of an array or object: how many elements or members
  std::uint32_t span = 1;      // nodes from this one to the end of its value
  JsonKind kind = JsonKind::kNull;
  bool is_true = false;
};

}  // namespace detail

// A place in JSON texts by names and indices: an RFC 6901 JSON Pointer, as in "/user/tags/0". In a name, ~1 stands for
// a slash and ~0 for a tilde; the empty pointer is the whole text.
class JsonPath {
 public:
  JsonPath() = default;
  // Nothing if it is not a pointer.
  static std::optional<JsonPath> parse(std::string_view pointer);

 private:
  friend class JsonValue;
  static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);
  struct Step {
    std::string name;
    std::size_t index = kNoIndex;  // if the name is one: digits, no zero before them
  };
  std::vector<Step> steps_;
};

// A view of a value: small, to be copied, of use until the record's next parse(). Each access says what it needs, and
// gives nothing for a value of another kind; so a missing value may be asked for anything.
class JsonValue {
 public:
  JsonValue() = default;

  JsonKind kind() const { return node_ == nullptr ? JsonKind::kMissing : node_->kind; }
  explicit operator bool() const { return node_ != nullptr; }
  bool is_null() const { return kind() == JsonKind::kNull; }
  std::optional<bool> boolean() const {
    return kind() == JsonKind::kBoolean ? std::optional(node_->is_true) : std::nullopt;
  }
  // Its escapes are resolved; UTF-8, but it may hold any character, NUL too.
  std::optional<std::string_view> string() const {
    return kind() == JsonKind::kString ? std::optional(text_of(*node_)) : std::nullopt;
  }
  // Exactly: of a number without fraction and exponent that fits. -0 is 0.
  std::optional<std::int64_t> int64() const;
  std::optional<std::uint64_t> uint64() const;
  // The double that is nearest to the number, however many digits it has; nothing beyond the largest.
  std::optional<double> number() const;
  // A number as it stands in the line, for what has more digits than any type.
  std::optional<std::string_view> number_text() const {
    return kind() == JsonKind::kNumber ? std::optional(text_of(*node_)) : std::nullopt;
  }

  // Elements of an array, members of an object; else 0.
  std::size_t size() const { return is_container() ? node_->size : 0; }
  // An element, by its index; a member, by its name. Each looks at the ones before it.
  JsonValue operator[](std::size_t index) const;
  JsonValue operator[](std::string_view name) const;
  // Beginning here.
  JsonValue at(const JsonPath& path) const;

  template <typename Item>
  class Range;
  struct Member;
  // for (const brume::JsonValue element : value.elements()): none where it is no array.
  Range<JsonValue> elements() const;
  // for (const auto& [name, member] : value.members()): none where it is no object.
  Range<Member> members() const;

 private:
  friend class JsonRecord;
  explicit JsonValue(const detail::JsonNode* node) : node_(node) {}
  static std::string_view text_of(const detail::JsonNode& node) { return {node.text, node.size}; }
  bool is_container() const { return kind() == JsonKind::kArray || kind() == JsonKind::kObject; }

  const detail::JsonNode* node_ = nullptr;
};

struct JsonValue::Member {
  std::string_view name;
  JsonValue value;
};

template <typename Item>
class JsonValue::Range {
 public:
  class Iterator {
   public:
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    Iterator(const detail::JsonNode* at, std::size_t left) : at_(at), left_(left) {}
    Item operator*() const {
      if constexpr (kNamed) {
        return {text_of(*at_), JsonValue(at_ + 1)};
      } else {
        return JsonValue(at_);
      }
    }
    Iterator& operator++() {
      at_ += kNamed ? 1 + (at_ + 1)->span : at_->span;
      --left_;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return left_ == 0; }

   private:
    static constexpr bool kNamed = std::same_as<Item, Member>;
    const detail::JsonNode* at_;
    std::size_t left_;
  };
  Range(const detail::JsonNode* first, std::size_t count) : first_(first), count_(count) {}
  Iterator begin() const { return {first_, count_}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  const detail::JsonNode* first_;
  std::size_t count_;
};

inline JsonValue::Range<JsonValue> JsonValue::elements() const {
  return kind() == JsonKind::kArray ? Range<JsonValue>(node_ + 1, node_->size) : Range<JsonValue>(nullptr, 0);
}
inline JsonValue::Range<JsonValue::Member> JsonValue::members() const {
  return kind() == JsonKind::kObject ? Range<Member>(node_ + 1, node_->size) : Range<Member>(nullptr, 0);
}

// What a line may be at most, so that a hostile one takes bounded memory: about 24 bytes a value, and the line again.
struct JsonLimits {
  std::size_t size = std::size_t{4} << 20;    // bytes; never more than 2^32 - 1
  std::size_t depth = 64;                     // arrays and objects within each other
  std::size_t values = std::size_t{1} << 20;  // values and names together
};

class JsonRecord {
 public:
  explicit JsonRecord(const JsonLimits& limits = {});
  JsonRecord(JsonRecord&&) noexcept;
  JsonRecord& operator=(JsonRecord&&) noexcept;
  ~JsonRecord();

  // Takes a line without its newline; the line must outlive the use of the values. False if it is malformed or over a
  // limit: then there is no value, and error() says why.
  bool parse(std::string_view line);

  JsonValue value() const { return root_; }
  JsonValue operator[](std::string_view name) const { return root_[name]; }
  JsonValue operator[](std::size_t index) const { return root_[index]; }
  JsonValue at(const JsonPath& path) const { return root_.at(path); }
  // For people; holds no byte of the line. Null if the last parse succeeded.
  const char* error() const { return error_; }
  // Where in the line that was noticed: at the byte, or behind what is wrong.
  std::size_t error_offset() const { return error_offset_; }

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
  JsonValue root_;
  const char* error_ = nullptr;
  std::size_t error_offset_ = 0;
};

}  // namespace brume
