// A server, and a client that waits for a server, fed arbitrary bytes in arbitrary pieces: neither
// crashes, neither ever calls itself established, and a session that failed stays failed.
#include <algorithm>

#include "base/check.h"
#include "crypto/tls.h"

namespace {

using namespace brume;
using namespace brume::crypto;

void feed(TlsRole role, const EcKey& key, ByteView input) {
  auto session = TlsSession::create(role, key, {});
  BRUME_CHECK(session.has_value());
  bool good = session->receive({}).has_value();
  while (!input.empty()) {
    // The first byte of each piece is its size.
    std::size_t size = std::min<std::size_t>(input[0] * 4u, input.size() - 1);
    bool now = session->receive(input.subspan(1, size)).has_value();
    BRUME_CHECK(good || !now);
    BRUME_CHECK(!session->established() && !session->closed());
    BRUME_CHECK(session->take_plaintext().empty());
    good = now;
    input = input.subspan(1 + size);
  }
  session->close();
  static_cast<void>(session->take_outgoing());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const EcKey kKey = EcKey::generate();
  if (size == 0) return 0;
  feed(data[0] % 2 == 0 ? TlsRole::kServer : TlsRole::kClient, kKey, ByteView(data, size).subspan(1));
  return 0;
}
