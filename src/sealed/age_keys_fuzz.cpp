// What decodes as Bech32, or as a key, encodes to the same text.
#include "base/check.h"
#include "sealed/age_keys.h"
#include "sealed/bech32.h"

using namespace brume;
using namespace brume::sealed;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  if (auto decoded = decode_bech32(text)) {
    std::string again = encode_bech32(decoded->prefix, decoded->data);
    auto twice = decode_bech32(again);
    BRUME_CHECK(twice && twice->data == decoded->data && twice->prefix == decoded->prefix);
    // A prefix without letters leaves the case of the rest open.
    bool has_letter =
        decoded->prefix.find_first_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos;
    BRUME_CHECK(!has_letter || again == text);
  }
  if (auto recipient = AgeRecipient::parse(text)) BRUME_CHECK(recipient->text() == text);
  if (auto identity = AgeIdentity::parse(text)) BRUME_CHECK(identity->secret_text() == text);
  if (auto keys = parse_identity_file(text)) BRUME_CHECK(!keys->empty());
  static_cast<void>(parse_recipients_file(text));
  return 0;
}
