// Extensions as a list of (arc's last part as text, value), each with a length byte. What parses encodes to extensions
// that parse to the same again.
#include "base/check.h"
#include "base/reader.h"
#include "evidence/snp_certificate.h"

namespace {

using namespace brume;

std::vector<crypto::Extension> extensions_from(ByteView input) {
  Reader reader(input);
  std::vector<crypto::Extension> out;
  while (reader.ok() && reader.remaining() > 0 && out.size() < 32) {
    const ByteView name = reader.take(reader.u8());
    const ByteView value = reader.take(reader.u8());
    out.push_back({"1.3.6.1.4.1.3704.1." + std::string(as_chars(name)), false, to_bytes(value)});
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto first = evidence::parse_snp_key_extensions(extensions_from({data, size}));
  if (!first) return 0;
  auto second = evidence::parse_snp_key_extensions(evidence::encode_snp_key_extensions(*first));
  BRUME_CHECK(second.has_value());
  BRUME_CHECK(second->struct_version == first->struct_version && second->product_name == first->product_name);
  BRUME_CHECK(second->spl == first->spl && second->hw_id == first->hw_id && second->csp_id == first->csp_id);
  for (const auto product : {evidence::SnpProduct::kMilan, evidence::SnpProduct::kTurin}) {
    static_cast<void>(first->tcb(product).has_value());
  }
  return 0;
}
