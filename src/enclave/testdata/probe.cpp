// An enclave program for tests: does what a frame's type asks for and answers with the same id.
// What it must not be able to do, it tries by raw system calls.
#include "abi/testing/probe.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "crypto/ec.h"
#include "crypto/random.h"
#include "crypto/tls.h"
#include "enclave/runtime/runtime.h"

namespace brume::enclave {
namespace {

using abi::testing::kProbeBrokenRing;
using abi::testing::Probe;
using crypto::TlsRole;
using crypto::TlsSession;

// What the test looks for from outside; only ever in the heap.
std::string canary;

Bytes text(std::string_view value) { return to_bytes(as_bytes(value)); }

// Allocates, fills, frees and checks blocks of many sizes.
Bytes use_heap(ByteView payload) {
  const std::size_t large = payload.size() >= 8 ? *reinterpret_cast<const std::uint64_t*>(payload.data()) : 1 << 20;
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < 2000; ++i) {
    kept.emplace_back(i * 7 % 5000, static_cast<char>('a' + i % 26));
    if (i % 3 == 0) kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(i % kept.size()));
  }
  auto block = std::make_unique<std::uint8_t[]>(large);
  for (std::size_t at = 0; at < large; at += 4096) {
    if (block[at] != 0) return text("fresh memory is not zero");
    block[at] = 1;
  }
  for (const std::string& value : kept) {
    for (char c : value) {
      if (c != value[0]) return text("a string changed");
    }
  }
  try {
    kept.reserve(std::size_t{1} << 40);
    return text("more memory than there is");
  } catch (const std::bad_alloc&) {
  }
  return text("ok");
}

Bytes use_crypto() {
  crypto::SystemRandom random;
  const auto key = crypto::Key32::random(random);
  crypto::Aead aead(key);
  const Bytes plain(1000, 7);
  Bytes sealed(plain.size() + crypto::kAeadTagSize);
  Bytes opened(plain.size());
  aead.seal({}, {}, plain, sealed);
  if (!aead.open({}, {}, sealed, opened) || opened != plain) return text("AEAD");

  auto client_key = crypto::EcKey::generate();
  auto server_key = crypto::EcKey::generate();
  auto client = TlsSession::create(TlsRole::kClient, client_key, server_key.public_key().spki_hash());
  auto server = TlsSession::create(TlsRole::kServer, server_key, std::nullopt);
  if (!client || !server) return text("TLS create");
  if (!client->receive({})) return text("TLS start");
  for (int i = 0; i < 10 && !(client->established() && server->established()); ++i) {
    if (!server->receive(client->take_outgoing())) return text("TLS server");
    if (!client->receive(server->take_outgoing())) return text("TLS client");
  }
  if (!client->established() || !server->established()) return text("TLS handshake");
  if (!client->send(plain) || !server->receive(client->take_outgoing())) return text("TLS data");
  if (server->take_plaintext() != plain || client->exporter() != server->exporter()) return text("TLS content");
  return text("ok");
}

Bytes do_report(ByteView payload) {
  auto data = ReportData::from(payload.subspan(abi::kTargetInfoSize));
  auto report = ereport(payload.first(abi::kTargetInfoSize), *data);
  return report ? to_bytes(*report) : text(report.error().what);
}

Bytes do_get_key(ByteView payload) {
  auto key = egetkey(payload);
  return key ? to_bytes(*key) : text(key.error().what);
}

Bytes address_of_canary() {
  const auto at = reinterpret_cast<std::uint64_t>(&canary);
  Bytes out(sizeof at);
  std::memcpy(out.data(), &at, sizeof at);
  return out;
}

long forbidden(std::uint8_t what) {
  switch (what) {
    case 0:
      return syscall(SYS_open, "/etc/passwd", 0);
    case 1:
      return syscall(SYS_socket, 2, 1, 0);
    case 2:
      return syscall(SYS_mmap, 0, 4096, 3, 0x22, -1, 0);
    case 3:
      return syscall(SYS_ptrace, 0, 0, 0, 0);
    case 4:
      return syscall(SYS_fork);
    case 5:
      return syscall(SYS_mprotect, image_address(), 4096, 7);
    case 6:
      return syscall(SYS_write, 1, "x", 1);
    case 7:
      return syscall(SYS_execve, "/bin/sh", 0, 0);
    case 8:
      return syscall(SYS_arch_prctl, 0x1001, image_address());  // ARCH_SET_GS
    case 9:
      return syscall(SYS_getpid | 0x40000000);  // x32
    case 10:
      return syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0);
    case 11:
      return syscall(SYS_io_uring_setup, 1, 0);
    default:
      return syscall(SYS_kill, 1, 0);
  }
}

// Writes to its own code, which no mapping allows.
void write_code() { *reinterpret_cast<volatile std::uint8_t*>(image_address()) = 1; }

Bytes handle(const abi::Frame& frame) {
  switch (static_cast<Probe>(frame.type)) {
    case Probe::kEcho:
      return to_bytes(frame.payload);
    case Probe::kHeap:
      return use_heap(frame.payload);
    case Probe::kCrypto:
      return use_crypto();
    case Probe::kReport:
      return do_report(frame.payload);
    case Probe::kGetKey:
      return do_get_key(frame.payload);
    case Probe::kKeepCanary:
      canary = std::string(as_chars(frame.payload)) + "-kept";
      return address_of_canary();
    case Probe::kForbidden:
      forbidden(frame.payload[0]);
      return text("alive");
    case Probe::kWriteCode:
      write_code();
      return text("alive");
    case Probe::kAbort:
      std::abort();
    case Probe::kSpin:
      for (volatile bool forever = true; forever;) {
      }
      break;
  }
  return text("?");
}

}  // namespace

int enclave_main(Enclave& enclave) {
  abi::Frame frame;
  for (;;) {
    switch (enclave.from_host.next(frame)) {
      case abi::RingStep::kDone:
        break;
      case abi::RingStep::kBroken:
        return kProbeBrokenRing;
      default:
        return 0;
    }
    const Bytes answer = handle(frame);
    if (enclave.to_host.write(frame.type, frame.id, {answer}) != abi::RingStep::kDone) return kProbeBrokenRing;
  }
}

}  // namespace brume::enclave
