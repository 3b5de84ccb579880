#include "evidence/pck_extension.h"

#include "evidence/der.h"

namespace brume::evidence {
namespace {

// 1.2.840.113741.1.13.1, the arc under which every element has its number.
constexpr std::uint8_t kArc[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
constexpr std::uint8_t kTcb = 2;
constexpr std::uint8_t kConfiguration = 7;

Bytes oid(std::initializer_list<std::uint8_t> path) {
  Bytes out;
  out.reserve(std::size(kArc) + path.size());
  append(out, kArc);
  for (std::uint8_t number : path) out.push_back(number);
  return out;
}

// SEQUENCE { OID, value }: hands the value to `read`, which must take all of it.
template <typename Read>
auto take_pair(DerReader& outer, std::initializer_list<std::uint8_t> path, Read read) {
  DerReader pair = outer.sequence();
  pair.expect_oid(oid(path));
  auto value = read(pair);
  if (!pair.done()) outer.fault();
  return value;
}

void take_tcb(DerReader& value, PckExtension& out) {
  DerReader tcb = value.sequence();
  for (std::uint8_t i = 0; i < 16; ++i) {
    out.component_svns[i] =
        static_cast<std::uint8_t>(take_pair(tcb, {kTcb, static_cast<std::uint8_t>(i + 1)}, [](DerReader& pair) {
          return pair.unsigned_integer(DerTag::kInteger, 0xff);
        }));
  }
  out.pce_svn = static_cast<std::uint16_t>(
      take_pair(tcb, {kTcb, 17}, [](DerReader& pair) { return pair.unsigned_integer(DerTag::kInteger, 0xffff); }));
  out.cpu_svn = take_pair(tcb, {kTcb, 18}, [](DerReader& pair) { return pair.octets<16>(); });
  if (!tcb.done()) value.fault();
}

PckConfiguration take_configuration(DerReader& value) {
  DerReader list = value.sequence();
  auto flag = [&](std::uint8_t number) {
    return take_pair(list, {kConfiguration, number}, [](DerReader& pair) { return pair.boolean(); });
  };
  PckConfiguration out;
  out.dynamic_platform = flag(1);
  out.cached_keys = flag(2);
  out.smt_enabled = flag(3);
  if (!list.done()) value.fault();
  return out;
}

Bytes pair(std::initializer_list<std::uint8_t> path, ByteView value) {
  Bytes content = der_element(DerTag::kOid, oid(path));
  append(content, value);
  return der_element(DerTag::kSequence, content);
}

Bytes octet_pair(std::initializer_list<std::uint8_t> path, ByteView octets) {
  return pair(path, der_element(DerTag::kOctetString, octets));
}

Bytes encode_tcb(const PckExtension& extension) {
  Bytes list;
  for (std::uint8_t i = 0; i < 16; ++i) {
    append(list,
           pair({kTcb, static_cast<std::uint8_t>(i + 1)}, der_unsigned(DerTag::kInteger, extension.component_svns[i])));
  }
  append(list, pair({kTcb, 17}, der_unsigned(DerTag::kInteger, extension.pce_svn)));
  append(list, octet_pair({kTcb, 18}, extension.cpu_svn));
  return der_element(DerTag::kSequence, list);
}

}  // namespace

Result<PckExtension> parse_pck_extension(ByteView der) {
  DerReader whole(der);
  DerReader list = whole.sequence();
  PckExtension out;
  out.ppid = take_pair(list, {1}, [](DerReader& value) { return value.octets<16>(); });
  take_pair(list, {kTcb}, [&](DerReader& value) {
    take_tcb(value, out);
    return 0;
  });
  out.pce_id = take_pair(list, {3}, [](DerReader& value) { return value.octets<2>(); });
  out.fmspc = take_pair(list, {4}, [](DerReader& value) { return value.octets<6>(); });
  out.sgx_type = static_cast<SgxType>(
      take_pair(list, {5}, [](DerReader& value) { return value.unsigned_integer(DerTag::kEnumerated, 2); }));
  if (list.ok() && !list.empty()) {
    out.platform_instance_id = take_pair(list, {6}, [](DerReader& value) { return value.octets<16>(); });
    out.configuration = take_pair(list, {kConfiguration}, take_configuration);
  }
  if (!whole.done() || !list.done()) return malformed("SGX extension of the PCK certificate: not as specified");
  return out;
}

Result<PckExtension> pck_extension_of(const crypto::Certificate& certificate) {
  const auto extension = certificate.extension(kPckExtensionOid);
  if (!extension) return malformed("PCK certificate: no SGX extension");
  return parse_pck_extension(extension->value);
}

Bytes encode_pck_extension(const PckExtension& extension) {
  Bytes list = octet_pair({1}, extension.ppid);
  append(list, pair({kTcb}, encode_tcb(extension)));
  append(list, octet_pair({3}, extension.pce_id));
  append(list, octet_pair({4}, extension.fmspc));
  append(list, pair({5}, der_unsigned(DerTag::kEnumerated, static_cast<std::uint32_t>(extension.sgx_type))));
  if (extension.platform_instance_id && extension.configuration) {
    append(list, octet_pair({6}, *extension.platform_instance_id));
    Bytes flags = pair({kConfiguration, 1}, der_boolean(extension.configuration->dynamic_platform));
    append(flags, pair({kConfiguration, 2}, der_boolean(extension.configuration->cached_keys)));
    append(flags, pair({kConfiguration, 3}, der_boolean(extension.configuration->smt_enabled)));
    append(list, pair({kConfiguration}, der_element(DerTag::kSequence, flags)));
  }
  return der_element(DerTag::kSequence, list);
}

}  // namespace brume::evidence
