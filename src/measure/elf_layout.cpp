#include "measure/elf_layout.h"

#include <algorithm>
#include <optional>

#include "base/reader.h"
#include "base/writer.h"
#include "measure/elf_file.h"

namespace brume::measure {
namespace {

constexpr std::uint32_t kSegmentTls = 7;
constexpr std::uint32_t kSegmentNote = 4;
constexpr std::uint32_t kSegmentHeaders = 6;
constexpr std::uint32_t kSegmentEhFrame = 0x6474e550;
constexpr std::uint32_t kSegmentStack = 0x6474e551;
constexpr std::uint32_t kSegmentProperty = 0x6474e553;
constexpr std::string_view kConfigSection = ".brume.config";

// Dynamic tags that make a program more than a self-relocating block of pages.
constexpr std::uint64_t kDynamicNeeded = 1;
constexpr std::uint64_t kDynamicTextRelocation = 22;
constexpr std::uint64_t kDynamicFlags = 30;
constexpr std::uint64_t kFlagTextRelocation = 4;

std::uint64_t page_up(std::uint64_t value) { return (value + kPageSize - 1) / kPageSize * kPageSize; }

Status check_kinds(const ElfFile& file) {
  bool stack_stated = false;
  for (const ElfSegment& segment : file.segments) {
    switch (segment.type) {
      case kSegmentLoad:
      case kSegmentDynamic:
      case kSegmentTls:
      case kSegmentNote:
      case kSegmentHeaders:
      case kSegmentEhFrame:
      case kSegmentProperty:
        break;
      case kSegmentStack:
        if ((segment.flags & kSegmentExecute) != 0) return malformed("ELF segments: executable stack");
        stack_stated = true;
        break;
      default:
        return fail(ErrorCode::kUnsupported, "ELF segments: a kind that an enclave program may not have");
    }
  }
  if (!stack_stated) return malformed("ELF segments: no word on whether the stack is executable");
  return {};
}

// The order of the SDM's R, W, X bits is not ELF's.
Result<std::uint64_t> page_flags(std::uint32_t segment_flags) {
  switch (segment_flags) {
    case kSegmentRead:
      return kPageRegular | kPageRead;
    case kSegmentRead | kSegmentExecute:
      return kPageRegular | kPageRead | kPageExecute;
    case kSegmentRead | kSegmentWrite:
      return kPageRegular | kPageRead | kPageWrite;
    default:
      return malformed("ELF segment: permissions must be R, R-X or RW-");
  }
}

Result<PageRun> load_segment(ByteView elf, const ElfSegment& segment, std::uint64_t at_least) {
  if (segment.memory_size == 0 || segment.memory_size < segment.file_size) return malformed("ELF segment: sizes");
  if (segment.address > kProgramSizeLimit || segment.memory_size > kProgramSizeLimit - segment.address)
    return fail(ErrorCode::kLimit, "ELF segment: program too large");
  PageRun run;
  run.offset = segment.address / kPageSize * kPageSize;
  if (run.offset < at_least) return malformed("ELF segments: overlap or descend");
  run.page_count = (page_up(segment.address + segment.memory_size) - run.offset) / kPageSize;
  BRUME_ASSIGN(run.secinfo_flags, page_flags(segment.flags));
  run.extended = true;
  run.content.resize(run.size());
  std::memcpy(run.content.data() + (segment.address - run.offset), elf.data() + segment.file_offset, segment.file_size);
  return run;
}

Status check_dynamic(ByteView elf, const ElfFile& file) {
  std::size_t tables = 0;
  for (const ElfSegment& segment : file.segments) {
    if (segment.type != kSegmentDynamic) continue;
    ++tables;
    Reader in(elf.subspan(segment.file_offset, segment.file_size));
    while (in.remaining() > 0 && in.ok()) {
      const std::uint64_t tag = in.u64le();
      const std::uint64_t value = in.u64le();
      if (tag == kDynamicNeeded) return malformed("ELF dynamic: needs a library");
      if (tag == kDynamicTextRelocation || (tag == kDynamicFlags && (value & kFlagTextRelocation) != 0))
        return malformed("ELF dynamic: relocates its code");
    }
    if (!in.ok()) return malformed("ELF dynamic: size");
  }
  if (tables != 1) return malformed("ELF segments: one dynamic table");
  return {};
}

// Where the configuration page lies in the file; it must lie in a read-only segment, there where
// its address says.
Result<std::uint64_t> config_offset(const ElfFile& file) {
  std::optional<ElfSection> config;
  for (const ElfSection& section : file.sections) {
    if (section.name != kConfigSection) continue;
    if (config) return malformed("ELF sections: two .brume.config");
    config = section;
  }
  if (!config) return fail(ErrorCode::kNotFound, "ELF sections: no .brume.config: not an enclave program");
  if (config->size != abi::kConfigSize || config->address % kPageSize != 0)
    return malformed("ELF section .brume.config: must be one page");
  for (const ElfSegment& segment : file.segments) {
    if (segment.type != kSegmentLoad || segment.flags != kSegmentRead) continue;
    if (config->address < segment.address || segment.file_size < abi::kConfigSize) continue;
    const std::uint64_t into = config->address - segment.address;
    if (into > segment.file_size - abi::kConfigSize) continue;
    if (segment.file_offset + into != config->file_offset) return malformed("ELF section .brume.config: offset");
    return config->file_offset;
  }
  return malformed("ELF section .brume.config: not in a read-only segment");
}

Bytes thread_control(const EnclaveLayout& layout) {
  Writer tcs;                                           // SDM vol. 3D, 38.8
  tcs.zeros(16);                                        // STAGE, FLAGS
  tcs.u64le(layout.range.ssa);                          // OSSA
  tcs.u32le(0).u32le(abi::kSsaCount);                   // CSSA, NSSA
  tcs.u64le(layout.entry).zeros(8);                     // OENTRY, AEP
  tcs.u64le(layout.range.tcs).u64le(layout.range.tcs);  // OFSBASE, OGSBASE: the C library sets its own
  tcs.u32le(0xFFFFFFFF).u32le(0xFFFFFFFF);              // FSLIMIT, GSLIMIT
  tcs.zeros(kPageSize - tcs.size());
  return tcs.take();
}

void add_runtime_pages(EnclaveLayout& layout) {
  constexpr std::uint64_t kReadWrite = kPageRegular | kPageRead | kPageWrite;
  const abi::EnclaveRange& range = layout.range;
  layout.runs.push_back({range.stack, range.stack_size / kPageSize, kReadWrite, false, {}});
  layout.runs.push_back({range.tcs, 1, kPageTcs, true, thread_control(layout)});
  layout.runs.push_back({range.ssa, abi::kSsaCount, kReadWrite, true, {}});
  layout.runs.push_back({range.heap, range.heap_size / kPageSize, kReadWrite, false, {}});
}

}  // namespace

Result<EnclaveLayout> lay_out_program(ByteView elf) {
  if (elf.size() > kProgramSizeLimit) return fail(ErrorCode::kLimit, "ELF: program too large");
  BRUME_ASSIGN(const ElfFile file, parse_elf(elf));
  BRUME_TRY(check_kinds(file));
  BRUME_TRY(check_dynamic(elf, file));
  BRUME_ASSIGN(const std::uint64_t config_at, config_offset(file));
  EnclaveLayout layout;
  BRUME_ASSIGN(layout.config, abi::parse_config(elf.subspan(config_at, abi::kConfigSize)));
  std::uint64_t end = 0;
  bool entry_is_code = false;
  for (const ElfSegment& segment : file.segments) {
    if (segment.type != kSegmentLoad) continue;
    const bool first = layout.runs.empty();
    if (first && (segment.address != 0 || segment.file_offset != 0 || segment.file_size < file.headers_end))
      return malformed("ELF segments: the first must start with the headers, at 0");
    BRUME_ASSIGN(PageRun run, load_segment(elf, segment, end));
    end = run.offset + run.size();
    entry_is_code |= (segment.flags & kSegmentExecute) != 0 && file.entry >= segment.address &&
                     file.entry - segment.address < segment.file_size;
    layout.runs.push_back(std::move(run));
  }
  if (!entry_is_code) return malformed("ELF header: entry point is not in a code segment");
  layout.entry = file.entry;
  layout.range = abi::enclave_range(end, layout.config);
  add_runtime_pages(layout);
  return layout;
}

Result<abi::EnclaveConfig> read_config(ByteView elf) {
  BRUME_ASSIGN(const ElfFile file, parse_elf(elf));
  BRUME_ASSIGN(const std::uint64_t at, config_offset(file));
  return abi::parse_config(elf.subspan(at, abi::kConfigSize));
}

Result<Bytes> with_config(ByteView elf, const abi::EnclaveConfig& config) {
  BRUME_ASSIGN(const ElfFile file, parse_elf(elf));
  BRUME_ASSIGN(const std::uint64_t at, config_offset(file));
  const Bytes page = abi::encode_config(config);
  BRUME_TRY(abi::parse_config(page));
  Bytes out = to_bytes(elf);
  std::memcpy(out.data() + at, page.data(), page.size());
  return out;
}

}  // namespace brume::measure
