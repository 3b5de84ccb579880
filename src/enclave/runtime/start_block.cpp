// Builds argc, argv, envp and the auxiliary vector for the C library's start, from the program's
// own measured headers and the processor's random numbers: nothing in it is the host's word.
//
// Runs before relocation: no calls into the C library, no pointers in initialised data, and
// volatile stores so that the compiler does not make a memset of them.
#include <elf.h>
#include <immintrin.h>

#include "abi/boot.h"
#include "enclave/runtime/runtime.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const Elf64_Ehdr __ehdr_start;
[[gnu::visibility("hidden")]] void brume_enclave_entry(const brume::abi::BootBlock*);
[[gnu::visibility("hidden")]] void brume_make_start_block(const volatile brume::abi::BootBlock* boot,
                                                          volatile std::uint64_t* out);
}

namespace brume::enclave {

constinit abi::BootBlock boot_block;

namespace {

struct Cursor {
  volatile std::uint64_t* at;
  void put(std::uint64_t value) { *at++ = value; }
  void aux(std::uint64_t type, std::uint64_t value) {
    put(type);
    put(value);
  }
};

[[gnu::target("rdrnd")]] std::uint64_t early_random() {
  unsigned long long value = 0;
  for (int tries = 0; tries < 100; ++tries) {
    if (_rdrand64_step(&value) != 0) return value;
  }
  __builtin_trap();
}

}  // namespace
}  // namespace brume::enclave

void brume_make_start_block(const volatile brume::abi::BootBlock* boot, volatile std::uint64_t* out) {
  using brume::enclave::boot_block;
  auto& copy = const_cast<volatile brume::abi::BootBlock&>(static_cast<volatile brume::abi::BootBlock&>(boot_block));
  copy.magic = boot->magic;
  copy.version = boot->version;
  copy.tee = boot->tee;
  copy.ring_address = boot->ring_address;
  copy.ring_size = boot->ring_size;
  copy.mailbox_address = boot->mailbox_address;
  copy.doorbell_address = boot->doorbell_address;

  // The last words of the block: the program's name (empty) and the random bytes.
  constexpr int kRandomAt = 124;  // of 128 words
  constexpr int kNameAt = 126;
  out[kRandomAt] = brume::enclave::early_random();
  out[kRandomAt + 1] = brume::enclave::early_random();
  out[kNameAt] = 0;

  const auto image = reinterpret_cast<std::uint64_t>(&__ehdr_start);
  brume::enclave::Cursor cursor{out};
  cursor.put(1);                                               // argc
  cursor.put(reinterpret_cast<std::uint64_t>(out + kNameAt));  // argv[0]
  cursor.put(0);                                               // end of argv
  cursor.put(0);                                               // empty environment
  cursor.aux(AT_PHDR, image + __ehdr_start.e_phoff);
  cursor.aux(AT_PHENT, sizeof(Elf64_Phdr));
  cursor.aux(AT_PHNUM, __ehdr_start.e_phnum);
  cursor.aux(AT_PAGESZ, brume::abi::kPageSize);
  cursor.aux(AT_ENTRY, reinterpret_cast<std::uint64_t>(&brume_enclave_entry));
  cursor.aux(AT_RANDOM, reinterpret_cast<std::uint64_t>(out + kRandomAt));
  cursor.aux(AT_CLKTCK, 100);
  cursor.aux(AT_SECURE, 0);  // 1 would make the C library look at file descriptors
  cursor.aux(AT_UID, 0);
  cursor.aux(AT_EUID, 0);
  cursor.aux(AT_GID, 0);
  cursor.aux(AT_EGID, 0);
  cursor.aux(AT_MINSIGSTKSZ, 8192);
  cursor.aux(AT_NULL, 0);
}
