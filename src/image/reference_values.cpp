#include "image/reference_values.h"

#include <nlohmann/json.hpp>

namespace brume::image {

using nlohmann::ordered_json;

namespace {

constexpr const char* kFormat = "brume-reference-values/1";

template <typename Fixed>
Status read_fixed(const ordered_json& object, const char* name, Fixed& out) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    return malformed(std::string("reference values: ") + name + " is missing or no text");
  auto value = Fixed::parse_hex(found->template get<std::string>());
  if (!value) return within(std::string("reference values: ") + name, value.error());
  out = *value;
  return {};
}

Status read_u16(const ordered_json& object, const char* name, std::uint16_t& out) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > 0xffff)
    return malformed(std::string("reference values: ") + name + " is missing or no number up to 65535");
  out = found->get<std::uint16_t>();
  return {};
}

}  // namespace

std::string encode_reference_values(const ReferenceValues& values) {
  ordered_json out{{"format", kFormat},
                   {"job", values.job_name},
                   {"measurement", values.measurement.hex()},
                   {"signer", values.signer.hex()},
                   {"image_digest", values.image_digest.hex()},
                   {"manifest_digest", values.manifest_digest.hex()},
                   {"product_id", values.product_id},
                   {"isv_svn", values.isv_svn},
                   {"master", values.master.hex()}};
  return out.dump(2) + "\n";
}

Result<ReferenceValues> parse_reference_values(std::string_view text) {
  ordered_json object = ordered_json::parse(text, nullptr, false);
  if (!object.is_object() || object.size() != 9)
    return malformed("reference values: expected one object of nine fields");
  auto format = object.find("format");
  if (format == object.end() || *format != kFormat)
    return fail(ErrorCode::kUnsupported, std::string("reference values: format is not ") + kFormat);
  ReferenceValues values;
  auto job = object.find("job");
  if (job == object.end() || !job->is_string()) return malformed("reference values: job is missing or no text");
  values.job_name = job->get<std::string>();
  BRUME_TRY(read_fixed(object, "measurement", values.measurement));
  BRUME_TRY(read_fixed(object, "signer", values.signer));
  BRUME_TRY(read_fixed(object, "image_digest", values.image_digest));
  BRUME_TRY(read_fixed(object, "manifest_digest", values.manifest_digest));
  BRUME_TRY(read_u16(object, "product_id", values.product_id));
  BRUME_TRY(read_u16(object, "isv_svn", values.isv_svn));
  BRUME_TRY(read_fixed(object, "master", values.master));
  return values;
}

}  // namespace brume::image
