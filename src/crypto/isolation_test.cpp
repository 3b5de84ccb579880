// The room is linked into programs that may ask the kernel for almost nothing. This runs all of it,
// from OpenSSL's first breath, under a filter that kills on any other call.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/rsa.h"
#include "crypto/tls.h"
#include "crypto/x25519.h"
#include "crypto/x509.h"

namespace brume::crypto {
namespace {

// Memory, and what random.h names.
constexpr std::uint32_t kAllowed[] = {SYS_brk,          SYS_mmap,  SYS_munmap,     SYS_mremap,  SYS_madvise,
                                      SYS_mprotect,     SYS_futex, SYS_getpid,     SYS_sysinfo, SYS_clock_gettime,
                                      SYS_gettimeofday, SYS_time,  SYS_exit_group, SYS_write,   SYS_getrandom};

void lock_down() {
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (std::uint32_t call : kAllowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  BRUME_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  BRUME_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
}

bool works() {
  SystemRandom random;
  Key32 key = Key32::random(random);
  Bytes text(100), sealed(116);
  Aead(key).seal({}, {}, text, sealed);
  bool good = Aead(key).open({}, {}, sealed, text);
  good = good && x25519(key, x25519_public(key)).has_value();
  static_cast<void>(hkdf<32>(text, text, text));
  static_cast<void>(aes128_cmac(ByteView(text).first(16), text));
  static_cast<void>(hmac_sha256(text, text));
  Rsa3072Key rsa = Rsa3072Key::generate();
  good = good && rsa3072_verify_le(rsa.modulus_le(), text, rsa.sign_le(text));
  EcKey ec = EcKey::from_pkcs8_pem(EcKey::generate().pkcs8_pem()).value();
  Certificate certificate = issue_certificate({.common_name = "x"}, ec.public_key(), nullptr, ec, random);
  good = good && issue_crl(certificate, ec, 0, 1000, {certificate}).revokes(certificate);
  TlsSession client = TlsSession::create(TlsRole::kClient, ec, {}).value();
  TlsSession server = TlsSession::create(TlsRole::kServer, ec, {}).value();
  good = good && client.receive({}) && server.receive(client.take_outgoing());
  good = good && client.receive(server.take_outgoing()) && server.receive(client.take_outgoing());
  good = good && server.established() && server.exporter() == client.exporter() && client.send(text);
  client.close();
  return good && server.receive(client.take_outgoing()) && server.closed() && server.take_plaintext() == text;
}

[[noreturn]] void run_locked_down() {
  lock_down();
  _exit(works() ? 0 : 1);
}

TEST(Isolation, AllOfTheRoomWorksWithoutFilesOrNetwork) {
#ifdef BRUME_SANITIZED
  GTEST_SKIP() << "sanitizers make calls of their own";
#endif
  // Started anew, so that OpenSSL has not been up before the filter is.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(run_locked_down(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace brume::crypto
