#include "measure/elf_file.h"

#include "base/reader.h"

namespace brume::measure {
namespace {

constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kSegmentHeaderSize = 56;
constexpr std::size_t kSectionHeaderSize = 64;
constexpr std::size_t kSegmentCountLimit = 32;   // a static PIE has about ten
constexpr std::size_t kSectionCountLimit = 256;  // about forty
constexpr std::size_t kSectionNameLimit = 64;
constexpr std::uint16_t kTypeDynamic = 3;  // ET_DYN: position-independent
constexpr std::uint16_t kMachineX86_64 = 62;
constexpr std::uint32_t kSectionBytes = 1;  // SHT_PROGBITS

struct Tables {
  std::uint64_t segments = 0;
  std::uint16_t segment_count = 0;
  std::uint64_t sections = 0;
  std::uint16_t section_count = 0;
  std::uint16_t names = 0;
};

// The bytes [offset, offset + size), or a fault's empty view where they are not all in the file.
Result<ByteView> slice(ByteView elf, std::uint64_t offset, std::uint64_t size, std::string_view what) {
  if (offset > elf.size() || size > elf.size() - offset) return malformed(std::string(what) + ": beyond the file");
  return elf.subspan(offset, size);
}

Result<Tables> parse_header(ByteView elf, ElfFile& file) {
  if (elf.size() < kHeaderSize) return malformed("ELF header: cut");
  Reader in(elf.first(kHeaderSize));
  if (!equal(in.take(4), as_bytes("\177ELF"))) return malformed("ELF header: magic");
  if (in.u8() != 2 || in.u8() != 1 || in.u8() != 1) return fail(ErrorCode::kUnsupported, "ELF header: not 64-bit LE");
  in.take(9);  // OS ABI and padding: nothing here depends on them
  if (in.u16le() != kTypeDynamic) return fail(ErrorCode::kUnsupported, "ELF header: not position-independent");
  if (in.u16le() != kMachineX86_64) return fail(ErrorCode::kUnsupported, "ELF header: not for x86-64");
  if (in.u32le() != 1) return fail(ErrorCode::kUnsupported, "ELF header: version");
  Tables tables;
  file.entry = in.u64le();
  tables.segments = in.u64le();
  tables.sections = in.u64le();
  in.u32le();  // flags: none defined for x86-64
  if (in.u16le() != kHeaderSize) return malformed("ELF header: its size");
  if (in.u16le() != kSegmentHeaderSize) return malformed("ELF header: size of a program header");
  tables.segment_count = in.u16le();
  if (in.u16le() != kSectionHeaderSize) return malformed("ELF header: size of a section header");
  tables.section_count = in.u16le();
  tables.names = in.u16le();
  BRUME_TRY(in.done("ELF header"));
  if (tables.segment_count == 0 || tables.segment_count > kSegmentCountLimit)
    return fail(ErrorCode::kLimit, "ELF header: count of program headers");
  if (tables.section_count == 0 || tables.section_count > kSectionCountLimit || tables.names >= tables.section_count)
    return fail(ErrorCode::kLimit, "ELF header: count of sections");
  return tables;
}

Status parse_segments(ByteView elf, const Tables& tables, ElfFile& file) {
  const std::uint64_t size = tables.segment_count * kSegmentHeaderSize;
  BRUME_ASSIGN(ByteView table, slice(elf, tables.segments, size, "ELF program headers"));
  file.headers_end = tables.segments + size;
  Reader in(table);
  for (std::uint16_t i = 0; i < tables.segment_count; ++i) {
    ElfSegment segment;
    segment.type = in.u32le();
    segment.flags = in.u32le();
    segment.file_offset = in.u64le();
    segment.address = in.u64le();
    in.u64le();  // physical address
    segment.file_size = in.u64le();
    segment.memory_size = in.u64le();
    in.u64le();  // alignment: the layout rule is its own
    BRUME_TRY(slice(elf, segment.file_offset, segment.file_size, "ELF segment"));
    file.segments.push_back(segment);
  }
  return in.done("ELF program headers");
}

Result<std::string_view> section_name(ByteView names, std::uint32_t at) {
  if (at >= names.size()) return malformed("ELF section: name");
  const std::string_view rest = as_chars(names.subspan(at)).substr(0, kSectionNameLimit);
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return malformed("ELF section: name");
  return rest.substr(0, end);
}

Status parse_sections(ByteView elf, const Tables& tables, ElfFile& file) {
  const std::uint64_t size = tables.section_count * kSectionHeaderSize;
  BRUME_ASSIGN(ByteView table, slice(elf, tables.sections, size, "ELF section headers"));
  Reader names_header(table.subspan(tables.names * kSectionHeaderSize + 24, 16));
  const std::uint64_t names_offset = names_header.u64le();
  BRUME_ASSIGN(ByteView names, slice(elf, names_offset, names_header.u64le(), "ELF section names"));
  Reader in(table);
  for (std::uint16_t i = 0; i < tables.section_count; ++i) {
    ElfSection section;
    const std::uint32_t name = in.u32le();
    const std::uint32_t type = in.u32le();
    section.flags = in.u64le();
    section.address = in.u64le();
    section.file_offset = in.u64le();
    section.size = in.u64le();
    in.take(kSectionHeaderSize - 40);
    if (type != kSectionBytes) continue;
    BRUME_ASSIGN(section.name, section_name(names, name));
    BRUME_TRY(slice(elf, section.file_offset, section.size, "ELF section"));
    file.sections.push_back(section);
  }
  return in.done("ELF section headers");
}

}  // namespace

Result<ElfFile> parse_elf(ByteView elf) {
  ElfFile file;
  BRUME_ASSIGN(const Tables tables, parse_header(elf, file));
  BRUME_TRY(parse_segments(elf, tables, file));
  BRUME_TRY(parse_sections(elf, tables, file));
  return file;
}

}  // namespace brume::measure
