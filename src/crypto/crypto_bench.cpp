// What sealing, hashing, checking and joining cost.
#include <benchmark/benchmark.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/tls.h"
#include "crypto/x509.h"

namespace brume::crypto {
namespace {

void bytes_done(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(static_cast<std::int64_t>(size) * state.iterations());
}

void AeadSeal(benchmark::State& state) {
  Bytes text(static_cast<std::size_t>(state.range(0)), 7), sealed(text.size() + kAeadTagSize);
  Aead aead{Key32()};
  AeadNonce nonce{};
  for (auto _ : state) aead.seal(nonce, {}, text, sealed);
  bytes_done(state, text.size());
}
BENCHMARK(AeadSeal)->Arg(64)->Arg(4096)->Arg(65536)->Arg(262144);

void AeadOpen(benchmark::State& state) {
  Bytes text(static_cast<std::size_t>(state.range(0)), 7), sealed(text.size() + kAeadTagSize);
  Aead aead{Key32()};
  AeadNonce nonce{};
  aead.seal(nonce, {}, text, sealed);
  for (auto _ : state) benchmark::DoNotOptimize(aead.open(nonce, {}, sealed, text));
  bytes_done(state, text.size());
}
BENCHMARK(AeadOpen)->Arg(64)->Arg(4096)->Arg(65536)->Arg(262144);

void Sha256Of(benchmark::State& state) {
  Bytes text(static_cast<std::size_t>(state.range(0)), 7);
  for (auto _ : state) benchmark::DoNotOptimize(sha256(text));
  bytes_done(state, text.size());
}
BENCHMARK(Sha256Of)->Arg(16)->Arg(65536);

void HmacOf64Bytes(benchmark::State& state) {
  Bytes text(64);
  for (auto _ : state) benchmark::DoNotOptimize(hmac_sha256(text, text));
}
BENCHMARK(HmacOf64Bytes);

void HkdfTo32Bytes(benchmark::State& state) {
  Bytes text(32);
  for (auto _ : state) benchmark::DoNotOptimize(hkdf<32>(text, text, text));
}
BENCHMARK(HkdfTo32Bytes);

void RandomOf32Bytes(benchmark::State& state) {
  SystemRandom random;
  for (auto _ : state) benchmark::DoNotOptimize(random.make<Nonce>());
}
BENCHMARK(RandomOf32Bytes);

void P256Verify(benchmark::State& state) {
  EcKey key = EcKey::generate();
  EcPublicKey public_key = key.public_key();
  RawSignature signature = key.sign_raw(as_bytes("message"));
  for (auto _ : state) benchmark::DoNotOptimize(public_key.verify_raw(as_bytes("message"), signature));
}
BENCHMARK(P256Verify);

void P256Sign(benchmark::State& state) {
  EcKey key = EcKey::generate();
  for (auto _ : state) benchmark::DoNotOptimize(key.sign_raw(as_bytes("message")));
}
BENCHMARK(P256Sign);

void CertificateParse(benchmark::State& state) {
  SystemRandom random;
  EcKey key = EcKey::generate();
  Bytes der = issue_certificate({.common_name = "x"}, key.public_key(), nullptr, key, random).der();
  for (auto _ : state) benchmark::DoNotOptimize(Certificate::from_der(der)->public_key());
}
BENCHMARK(CertificateParse);

struct Pair {
  TlsSession client, server;
};

// An enclave has one session, a server many.
Pair connect(const EcKey& key, const TlsIdentity& server) {
  Pair out{TlsSession::create(TlsRole::kClient, key, {}).value(),
           TlsSession::create(TlsRole::kServer, server, {}).value()};
  static_cast<void>(out.client.receive({}));
  static_cast<void>(out.server.receive(out.client.take_outgoing()));
  static_cast<void>(out.client.receive(out.server.take_outgoing()));
  static_cast<void>(out.server.receive(out.client.take_outgoing()));
  return out;
}

void TlsHandshake(benchmark::State& state) {
  EcKey key = EcKey::generate();
  const TlsIdentity server(key);
  for (auto _ : state) {
    if (!connect(key, server).server.established()) state.SkipWithError("no session");
  }
}
BENCHMARK(TlsHandshake)->Unit(benchmark::kMillisecond);

void TlsCarry(benchmark::State& state) {
  const EcKey key = EcKey::generate();
  Pair pair = connect(key, key);
  Bytes text(64u << 10);
  for (auto _ : state) {
    static_cast<void>(pair.client.send(text));
    static_cast<void>(pair.server.receive(pair.client.take_outgoing()));
    if (pair.server.take_plaintext().size() != text.size()) state.SkipWithError("lost bytes");
  }
  bytes_done(state, text.size());
}
BENCHMARK(TlsCarry);

}  // namespace
}  // namespace brume::crypto
