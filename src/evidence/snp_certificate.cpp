#include "evidence/snp_certificate.h"

#include <algorithm>

#include "evidence/der.h"

namespace brume::evidence {
namespace {

constexpr std::string_view kArc = "1.3.6.1.4.1.3704.1.";
constexpr std::string_view kSplArc = "3.";
constexpr std::uint32_t kStructVersionMost = 1;
constexpr std::size_t kNameSizeLimit = 64;
// Indices of `spl`: .3.1 is the first.
constexpr std::size_t kBootLoader = 0, kTee = 1, kSnp = 2, kSpl4 = 3, kMicrocode = 7, kFmc = 8;

Result<std::uint32_t> number_from(ByteView value, std::uint32_t limit) {
  DerReader reader(value);
  const std::uint32_t number = reader.unsigned_integer(DerTag::kInteger, limit);
  if (!reader.done()) return malformed("SNP key extension: not a DER INTEGER within its range");
  return number;
}

Result<std::string> name_from(ByteView value) {
  DerReader reader(value);
  const ByteView text = reader.element(DerTag::kIa5String);
  const bool printable = std::ranges::all_of(text, [](std::uint8_t c) { return c >= 0x20 && c < 0x7f; });
  if (!reader.done() || text.empty() || text.size() > kNameSizeLimit || !printable) {
    return malformed("SNP key extension: not an IA5String of 1 to 64 characters");
  }
  return std::string(as_chars(text));
}

Status take(std::string_view name, ByteView value, SnpKeyExtensions& out, bool& has_version) {
  if (name.starts_with(kSplArc) && name.size() == 3 && name[2] >= '1' && name[2] <= '9') {
    BRUME_ASSIGN(const std::uint32_t number, number_from(value, 0xff));
    out.spl[static_cast<std::size_t>(name[2] - '1')] = static_cast<std::uint8_t>(number);
  } else if (name == "1") {
    BRUME_ASSIGN(out.struct_version, number_from(value, kStructVersionMost));
    has_version = true;
  } else if (name == "2") {
    BRUME_ASSIGN(out.product_name, name_from(value));
  } else if (name == "4") {
    if (value.size() != 64 && value.size() != 8) return malformed("SNP key extension: hwID has not 64 or 8 bytes");
    out.hw_id = to_bytes(value);
  } else if (name == "5") {
    BRUME_ASSIGN(out.csp_id, name_from(value));
  } else {
    return fail(ErrorCode::kUnsupported, "SNP key extension: one that is not known");
  }
  return {};
}

// .3.N of each byte of TCB_VERSION, as an index of `spl`.
constexpr std::array<std::size_t, 8> kMilanOrder = {kBootLoader, kTee, kSpl4, 4, 5, 6, kSnp, kMicrocode};
constexpr std::array<std::size_t, 8> kTurinOrder = {kFmc, kBootLoader, kTee, kSnp, 4, 5, 6, kMicrocode};

bool always_there(std::size_t index) {
  return index == kBootLoader || index == kTee || index == kSnp || index == kMicrocode || index == kFmc;
}

}  // namespace

std::optional<SnpProduct> SnpKeyExtensions::product() const {
  return snp_product_from(std::string_view(product_name).substr(0, product_name.find('-')));
}

Result<SnpTcbBytes> SnpKeyExtensions::tcb(SnpProduct product) const {
  const bool turin = product == SnpProduct::kTurin;
  SnpTcbBytes out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t index = turin ? kTurinOrder[i] : kMilanOrder[i];
    if (!spl[index] && always_there(index)) return malformed("SNP key extensions: a security patch level is missing");
    out[i] = spl[index].value_or(0);
  }
  if (spl[turin ? kSpl4 : kFmc]) return malformed("SNP key extensions: a security patch level of another product");
  return out;
}

Result<SnpKeyExtensions> parse_snp_key_extensions(const std::vector<crypto::Extension>& extensions) {
  SnpKeyExtensions out;
  bool has_version = false;
  for (const crypto::Extension& extension : extensions) {
    const std::string_view oid = extension.oid;
    if (oid.starts_with(kArc)) BRUME_TRY(take(oid.substr(kArc.size()), extension.value, out, has_version));
  }
  if (!has_version || out.product_name.empty()) return malformed("SNP key extensions: version or product is missing");
  return out;
}

std::vector<crypto::Extension> encode_snp_key_extensions(const SnpKeyExtensions& extensions) {
  std::vector<crypto::Extension> out;
  const auto add = [&](const std::string& name, Bytes value) {
    out.push_back({std::string(kArc) + name, false, std::move(value)});
  };
  add("1", der_unsigned(DerTag::kInteger, extensions.struct_version));
  add("2", der_element(DerTag::kIa5String, as_bytes(extensions.product_name)));
  for (std::size_t i = 0; i < extensions.spl.size(); ++i) {
    if (!extensions.spl[i]) continue;
    add(std::string(kSplArc) + std::to_string(i + 1), der_unsigned(DerTag::kInteger, *extensions.spl[i]));
  }
  if (extensions.hw_id) add("4", *extensions.hw_id);
  if (extensions.csp_id) add("5", der_element(DerTag::kIa5String, as_bytes(*extensions.csp_id)));
  return out;
}

}  // namespace brume::evidence
