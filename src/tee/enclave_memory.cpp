#include "tee/enclave_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string>

namespace brume::tee {
namespace {

constexpr unsigned kMfdExec = 0x10;  // Linux 6.3; where it is unknown, memfds are executable anyway
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

std::unexpected<Error> no_memory_file(const char* what) {
  return fail(ErrorCode::kUnavailable, std::string("enclave memory: ") + what + ": " + std::strerror(errno));
}

bool can_map(int fd, std::uint64_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return false;
  munmap(memory, size);
  return true;
}

Status write_all(int fd, ByteView bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return no_memory_file("write code");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

UniqueFd create_memfd(const char* name) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | kMfdExec));
  if (!fd && errno == EINVAL) fd = UniqueFd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  return fd;
}

}  // namespace

Result<SecretFile> make_secret_file(std::uint64_t file_size, std::uint64_t mapped_size) {
  SecretFile file;
  file.fd = UniqueFd(static_cast<int>(syscall(SYS_memfd_secret, O_CLOEXEC)));
  if (file.fd && ftruncate(file.fd.get(), static_cast<off_t>(file_size)) == 0 && can_map(file.fd.get(), mapped_size)) {
    file.secret = true;
    return file;
  }
  BRUME_ASSIGN(file.fd, make_shared_file("brume-enclave-data", file_size));
  return file;
}

Result<CodeFile> make_code_file(const measure::EnclaveLayout& layout, ByteView trampoline) {
  UniqueFd writable = create_memfd("brume-enclave-code");
  if (!writable) return no_memory_file("memfd_create");
  CodeFile file;
  file.trampoline_offset = layout.range.image_size;
  if (ftruncate(writable.get(), static_cast<off_t>(file.trampoline_offset + abi::kPageSize)) != 0)
    return no_memory_file("size of code");
  for (const measure::PageRun& run : layout.runs) {
    if ((run.secinfo_flags & measure::kPageWrite) != 0 || (run.secinfo_flags & measure::kPageTcs) != 0) continue;
    BRUME_TRY(write_all(writable.get(), run.content, run.offset));
  }
  BRUME_TRY(write_all(writable.get(), trampoline, file.trampoline_offset));
  file.sealed = fcntl(writable.get(), F_ADD_SEALS, kSeals) == 0;
  const std::string path = "/proc/self/fd/" + std::to_string(writable.get());
  file.fd = UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.fd) return no_memory_file("reopen code for reading");
  return file;
}

Result<UniqueFd> make_shared_file(const char* name, std::uint64_t size) {
  UniqueFd fd = create_memfd(name);
  if (!fd || ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return no_memory_file(name);
  // The other side must not be able to cut it short under a mapping.
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) != 0) return no_memory_file(name);
  return fd;
}

Result<SharedMapping> SharedMapping::map(int fd, std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return no_memory_file("mmap");
  return SharedMapping(memory, size);
}

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), size_(other.size_) {}

SharedMapping& SharedMapping::operator=(SharedMapping&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(size_, other.size_);
  return *this;
}

SharedMapping::~SharedMapping() {
  if (memory_ != nullptr) munmap(memory_, size_);
}

}  // namespace brume::tee
