#include "cli/input_pins.h"

#include "files/input_file.h"

namespace brume::cli {
namespace {

constexpr std::size_t kPinsSizeLimit = 8u << 20;  // twenty times what a run's 4096 inputs take
constexpr std::size_t kHashSize = 2 * Sha256Digest::kSize;
constexpr std::size_t kGapSize = 2;

std::string_view without_dot(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  return name;
}

}  // namespace

Result<InputPins> InputPins::read(const std::string& path) {
  BRUME_ASSIGN(const std::string text, files::read_small_file(path, kPinsSizeLimit));
  return parse(path, text);
}

Result<InputPins> InputPins::parse(const std::string& file, std::string_view text) {
  InputPins out;
  out.file_ = file;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (auto status = out.add(line, number); !status)
      return within(file + ": line " + std::to_string(number), status.error());
  }
  return out;
}

Status InputPins::add(std::string_view line, std::size_t number) {
  const auto header = Sha256Digest::parse_hex(line.substr(0, kHashSize));
  const std::string_view rest = line.substr(std::min(kHashSize, line.size()));
  if (!header || rest.size() <= kGapSize || rest[0] != ' ' || (rest[1] != ' ' && rest[1] != '*'))
    return malformed("expected 64 hex digits, two blanks and a name, as 'brume pin' prints them");
  const std::string_view name = without_dot(rest.substr(kGapSize));
  const auto [entry, is_new] = pins_.try_emplace(std::string(name), Pin{*header, number});
  if (is_new || entry->second.header == *header) return {};
  return malformed("this name has another hash in line " + std::to_string(entry->second.line) +
                   "; leave the line that counts");
}

const InputPins::Pin* InputPins::look_up(const std::string& name, const std::string& place) const {
  auto found = pins_.find(without_dot(name));
  std::string_view rest = place;
  while (found == pins_.end() && !rest.empty()) {
    found = pins_.find(rest);
    const std::size_t slash = rest.find('/');
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  return found == pins_.end() ? nullptr : &found->second;
}

Result<Sha256Digest> InputPins::find(const std::string& name, const std::string& place) const {
  const Pin* pin = look_up(name, place);
  if (pin != nullptr) return pin->header;
  return fail(ErrorCode::kUsage, name + ": no line of " + file_ +
                                     " names it, and with --pins each input and side must " +
                                     "stand there; pin your own copy: brume pin FILE >>" + file_);
}

Result<std::string> pin_line(const Sha256Digest& header, const std::string& name) {
  if (name.find('\n') != std::string::npos)
    return fail(ErrorCode::kUsage, "a name with an end of line cannot be pinned; give it another: NAME=PATH");
  return header.hex() + "  " + name;
}

}  // namespace brume::cli
