#include "evidence/cmw.h"

#include "base/reader.h"
#include "base/writer.h"

namespace brume::evidence {
namespace {

// CBOR major types (RFC 8949, section 3.1).
constexpr std::uint8_t kByteString = 2;
constexpr std::uint8_t kTextString = 3;
constexpr std::uint8_t kArrayOfTwo = 0x82;

void put_head(Writer& out, std::uint8_t major, std::size_t size) {
  auto top = static_cast<std::uint8_t>(major << 5);
  if (size < 24) {
    out.u8(static_cast<std::uint8_t>(top | size));
  } else if (size <= 0xff) {
    out.u8(top | 24).u8(static_cast<std::uint8_t>(size));
  } else if (size <= 0xffff) {
    out.u8(top | 25).u16be(static_cast<std::uint16_t>(size));
  } else {
    out.u8(top | 26).u32be(static_cast<std::uint32_t>(size));
  }
}

// A definite length in its shortest form, and that many bytes.
ByteView take_string(Reader& reader, std::uint8_t major, std::size_t limit) {
  std::uint8_t head = reader.u8();
  std::size_t size = head & 0x1f;
  std::size_t least = 0;
  if (size == 24) {
    size = reader.u8();
    least = 24;
  } else if (size == 25) {
    size = reader.u16be();
    least = 0x100;
  } else if (size == 26) {
    size = reader.u32be();
    least = 0x10000;
  } else if (size > 26) {
    reader.fault();
  }
  if (head >> 5 != major || size < least || size > limit) reader.fault();
  return reader.take(size);
}

bool is_media_type(std::string_view type) {
  for (char c : type) {
    if (c < 0x21 || c > 0x7e) return false;
  }
  return type.find('/') != std::string_view::npos;
}

}  // namespace

Result<Cmw> parse_cmw(ByteView bytes) {
  Reader reader(bytes);
  if (reader.u8() != kArrayOfTwo) return malformed("CMW: not a record of two elements");
  Cmw out;
  out.type = std::string(as_chars(take_string(reader, kTextString, kCmwTypeSizeLimit)));
  out.value = to_bytes(take_string(reader, kByteString, kCmwValueSizeLimit));
  BRUME_TRY(reader.done("CMW"));
  if (!is_media_type(out.type)) return malformed("CMW: type is not a media type");
  return out;
}

Bytes encode_cmw(std::string_view type, ByteView value) {
  Writer out;
  out.u8(kArrayOfTwo);
  put_head(out, kTextString, type.size());
  out.raw(as_bytes(type));
  put_head(out, kByteString, value.size());
  out.raw(value);
  return out.take();
}

}  // namespace brume::evidence
