// For tests only: event logs and IMA lists, written as firmware and kernel do.
#pragma once

#include "base/writer.h"
#include "evidence/event_log.h"

namespace brume::evidence {

inline Bytes utf16(std::string_view text, bool nul = false) {
  Bytes out;
  for (const char c : text) append(out, Bytes{static_cast<std::uint8_t>(c), 0});
  if (nul) append(out, Bytes{0, 0});
  return out;
}

inline Bytes efi_variable(ByteView vendor, std::string_view name, ByteView data) {
  Writer out;
  out.raw(vendor).u64le(name.size()).u64le(data.size()).raw(utf16(name)).raw(data);
  return out.take();
}

inline Bytes efi_key_list(ByteView type, ByteView key) {
  Writer out;
  out.raw(type).u32le(static_cast<std::uint32_t>(28 + 16 + key.size())).u32le(0);
  out.u32le(static_cast<std::uint32_t>(16 + key.size())).raw(Bytes(16, 0x0e)).raw(key);
  return out.take();
}

inline Bytes text_bytes(std::string_view text, bool nul = true) {
  Bytes out = to_bytes(as_bytes(text));
  if (nul) out.push_back(0);
  return out;
}

class TestEventLog {
 public:
  explicit TestEventLog(std::vector<TpmAlgorithm> banks = {TpmAlgorithm::kSha1, TpmAlgorithm::kSha256},
                        bool agile = true, std::uint32_t header_register = 0)
      : banks_(std::move(banks)), agile_(agile) {
    if (!agile_) return;
    Writer spec;
    spec.raw(text_bytes("Spec ID Event03")).u32le(0).u8(0).u8(2).u8(0).u8(2);
    spec.u32le(static_cast<std::uint32_t>(banks_.size()));
    for (const TpmAlgorithm bank : banks_) {
      spec.u16le(static_cast<std::uint16_t>(bank)).u16le(static_cast<std::uint16_t>(tpm_digest_size(bank)));
    }
    spec.u8(0);
    out_.u32le(header_register).u32le(kEvNoAction).zeros(20).sized(spec.bytes());
  }

  // The digest is of `hashed`, whatever the data.
  TestEventLog& add(std::uint32_t pcr, std::uint32_t type, ByteView data, ByteView hashed) {
    out_.u32le(pcr).u32le(type);
    if (agile_) out_.u32le(static_cast<std::uint32_t>(banks_.size()));
    for (const TpmAlgorithm bank : banks_) {
      if (agile_) out_.u16le(static_cast<std::uint16_t>(bank));
      out_.raw(type == kEvNoAction ? Bytes(tpm_digest_size(bank)) : crypto::hash(*tpm_crypto_hash(bank), hashed));
    }
    out_.sized(data);
    return *this;
  }
  TestEventLog& add(std::uint32_t pcr, std::uint32_t type, ByteView data) { return add(pcr, type, data, data); }
  TestEventLog& locality(std::uint8_t value) {
    Bytes data = text_bytes("StartupLocality");
    data.push_back(value);
    return add(0, kEvNoAction, data);
  }
  TestEventLog& separator(std::uint32_t pcr) { return add(pcr, kEvSeparator, ByteArray<4>{}); }
  TestEventLog& variable(std::uint32_t pcr, ByteView vendor, std::string_view name, ByteView data) {
    return add(pcr, kEvEfiVariableDriverConfig, efi_variable(vendor, name, data));
  }
  TestEventLog& grub(std::string_view command) {
    return add(8, kEvIpl, text_bytes("grub_cmd: " + std::string(command)), as_bytes(command));
  }
  TestEventLog& raw(ByteView bytes) {
    out_.raw(bytes);
    return *this;
  }
  const Bytes& bytes() const { return out_.bytes(); }

 private:
  std::vector<TpmAlgorithm> banks_;
  bool agile_;
  Writer out_;
};

// One entry of a binary IMA list. `template_digest` empty: the right one.
inline Bytes ima_ng_data(std::string_view hash, ByteView digest, std::string_view path) {
  Writer field, data;
  field.raw(text_bytes(std::string(hash) + ":")).raw(digest);
  data.sized(field.bytes()).sized(text_bytes(path));
  return data.take();
}
inline Bytes ima_record(std::string_view name, ByteView data, ByteView template_digest = {}, std::uint32_t pcr = 10) {
  Writer out;
  const Bytes own = crypto::hash(crypto::HashAlgorithm::kSha1, data);
  out.u32le(pcr).raw(template_digest.empty() ? ByteView(own) : template_digest).text(name).sized(data);
  return out.take();
}
inline Bytes ima_ng(std::string_view path, std::uint8_t digest_byte, std::uint32_t pcr = 10) {
  return ima_record("ima-ng", ima_ng_data("sha256", Bytes(32, digest_byte), path), {}, pcr);
}

}  // namespace brume::evidence
