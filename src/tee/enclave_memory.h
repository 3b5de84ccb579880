// The memory that an enclave is made of, before there is a process to map it: a write-sealed file
// with the code and read-only pages, a secret one with everything else, the ring, and the plan of
// where each of them goes. Host-side; part of the loader.
#pragma once

#include "abi/boot.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "measure/elf_layout.h"

namespace brume::tee {

// memfd_secret where this kernel has it and lets us map `mapped_size` bytes of it (it is locked
// memory: CAP_IPC_LOCK or RLIMIT_MEMLOCK), else an ordinary memfd; `secret` says which.
struct SecretFile {
  UniqueFd fd;
  bool secret = false;
};
Result<SecretFile> make_secret_file(std::uint64_t file_size, std::uint64_t mapped_size);

// Read-only and executable pages at their offsets, then one page with the trampoline. `fd` is
// open for reading only, so that no mapping of it can ever become writable.
struct CodeFile {
  UniqueFd fd;
  bool sealed = false;
  std::uint64_t trampoline_offset = 0;
};
Result<CodeFile> make_code_file(const measure::EnclaveLayout& layout, ByteView trampoline);

Result<UniqueFd> make_shared_file(const char* name, std::uint64_t size);

// Shared memory of this process.
class SharedMapping {
 public:
  static Result<SharedMapping> map(int fd, std::size_t size);
  SharedMapping(SharedMapping&& other) noexcept;
  SharedMapping& operator=(SharedMapping&& other) noexcept;
  ~SharedMapping();
  template <typename T>
  T& as() const {
    return *static_cast<T*>(memory_);
  }

 private:
  SharedMapping(void* memory, std::size_t size) : memory_(memory), size_(size) {}
  void* memory_;
  std::size_t size_;
};

// Offsets from the start of the reserved region: what lies outside the enclave comes first, then
// the enclave, aligned to its size.
struct RegionPlan {
  static constexpr std::uint64_t kTrampoline = 0;
  static constexpr std::uint64_t kMailbox = abi::kPageSize;
  static constexpr std::uint64_t kDoorbell = 2 * abi::kPageSize;
  static constexpr std::uint64_t kRing = 3 * abi::kPageSize;
  std::uint64_t outside_size = 0;
  std::uint64_t enclave_size = 0;
};

}  // namespace brume::tee
