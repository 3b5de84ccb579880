// What the C library would ask a kernel for, and an enclave has not got: each answers "no" without
// a system call. The seccomp filter kills whatever gets past this file; under real SGX the same
// calls would fault. Time and process number are the exception: constants, or the host's claim.
#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "enclave/runtime/runtime.h"

namespace brume::enclave {
namespace {

int refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

UnixMs ClaimedClock::now_ms() const {
  timespec now{};
  static_cast<void>(clock_gettime(CLOCK_REALTIME, &now));
  return static_cast<UnixMs>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace brume::enclave

using brume::enclave::refuse;

extern "C" {

// Files.
int __open64(const char*, int, ...) { return refuse(ENOENT); }
int __open(const char*, int, ...) __attribute__((alias("__open64")));
int __libc_open(const char*, int, ...) __attribute__((alias("__open64")));
int __libc_open64(const char*, int, ...) __attribute__((alias("__open64")));
int open(const char*, int, ...) __attribute__((alias("__open64")));
int open64(const char*, int, ...) __attribute__((alias("__open64")));
int __open64_nocancel(const char*, int, ...) { return refuse(ENOENT); }
int __open_nocancel(const char*, int, ...) __attribute__((alias("__open64_nocancel")));

ssize_t __libc_read(int, void*, std::size_t) { return refuse(EBADF); }
ssize_t __read(int, void*, std::size_t) __attribute__((alias("__libc_read")));
ssize_t read(int, void*, std::size_t) __attribute__((alias("__libc_read")));

ssize_t __libc_write(int, const void*, std::size_t) { return refuse(EBADF); }
ssize_t __write(int, const void*, std::size_t) __attribute__((alias("__libc_write")));
ssize_t write(int, const void*, std::size_t) __attribute__((alias("__libc_write")));

int __close(int) { return refuse(EBADF); }
int __libc_close(int) __attribute__((alias("__close")));
int close(int) __attribute__((alias("__close")));

ssize_t __readlink(const char*, char*, std::size_t) { return refuse(ENOENT); }
ssize_t readlink(const char*, char*, std::size_t) __attribute__((alias("__readlink")));

// Memory: heap.cpp has mmap and sbrk.
int __munmap(void*, std::size_t) { return refuse(EINVAL); }
int munmap(void*, std::size_t) __attribute__((alias("__munmap")));
int __mprotect(void*, std::size_t, int) { return refuse(EACCES); }
int mprotect(void*, std::size_t, int) __attribute__((alias("__mprotect")));
void* __mremap(void*, std::size_t, std::size_t, int, ...) {
  errno = ENOMEM;
  return reinterpret_cast<void*>(-1);
}
void* mremap(void*, std::size_t, std::size_t, int, ...) __attribute__((alias("__mremap")));
int __madvise(void*, std::size_t, int) { return 0; }
int madvise(void*, std::size_t, int) __attribute__((alias("__madvise")));
int mlock(const void*, std::size_t) { return 0; }  // secret memory is never swapped
int shmget(int, std::size_t, int) { return refuse(EINVAL); }
void* shmat(int, const void*, int) { return reinterpret_cast<void*>(-1); }
int shmdt(const void*) { return refuse(EINVAL); }

// Process and machine.
pid_t __getpid() { return 1; }
pid_t getpid() __attribute__((alias("__getpid")));
struct utsname;
int __uname(utsname*) { return refuse(ENOSYS); }
int uname(utsname*) __attribute__((alias("__uname")));
struct sysinfo;
int __sysinfo(struct sysinfo*) { return refuse(ENOSYS); }
int sysinfo(struct sysinfo*) __attribute__((alias("__sysinfo")));

// Time: the host's claim, by the one call that the filter allows.
int __gettimeofday(timeval* out, void*) {
  timespec now{};
  static_cast<void>(clock_gettime(CLOCK_REALTIME, &now));
  *out = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}
int gettimeofday(timeval*, void*) __attribute__((alias("__gettimeofday")));
time_t time(time_t* out) {
  timespec now{};
  static_cast<void>(clock_gettime(CLOCK_REALTIME, &now));
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

// Libraries and names: OpenSSL links against them and never needs them here.
void* dlopen(const char*, int) { return nullptr; }
void* dlsym(void*, const char*) { return nullptr; }
int dlclose(void*) { return -1; }
char* dlerror() { return nullptr; }
struct Dl_info;
int dladdr(const void*, Dl_info*) { return 0; }
struct addrinfo;
int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) { return -4; }  // EAI_FAIL
void freeaddrinfo(addrinfo*) {}
const char* gai_strerror(int) { return "no network in an enclave"; }
struct hostent;
hostent* gethostbyname(const char*) { return nullptr; }

}  // extern "C"
