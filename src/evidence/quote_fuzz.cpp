// What parses re-encodes to the same bytes, and its parts lie within the input.
#include "base/check.h"
#include "evidence/quote.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  const ByteView input(data, size);
  auto quote = evidence::parse_quote(input);
  if (!quote) return 0;
  const auto& header = quote->header;
  Bytes again = evidence::encode_quote(header.version, quote->signed_bytes, quote->signature, quote->auth);
  again.resize(again.size() + quote->padding_size);
  BRUME_CHECK(equal(again, input));
  BRUME_CHECK(equal(evidence::encode_signed_quote_bytes(header, quote->body), quote->signed_bytes));
  BRUME_CHECK((header.tee_type == evidence::TeeType::kTdx) == (quote->td_report() != nullptr));
  auto qe_report = evidence::encode_report_body(quote->auth.qe_report);
  BRUME_CHECK(equal(qe_report, quote->auth.qe_report_bytes));
  return 0;
}
