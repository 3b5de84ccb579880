#include "tee/sim_documents.h"

#include "base/hex.h"
#include "evidence/time.h"

namespace brume::tee {
namespace {

constexpr const char* kTcbDate = "2025-01-01T00:00:00Z";
constexpr const char* kOldTcbDate = "2024-01-01T00:00:00Z";
constexpr int kEvaluationDataNumber = 1;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string header(UnixMs issued_ms, UnixMs next_update_ms) {
  return ",\"issueDate\":" + quoted(evidence::format_time(issued_ms)) +
         ",\"nextUpdate\":" + quoted(evidence::format_time(next_update_ms));
}

// What every kind of level ends with.
std::string level_tail(const char* date, evidence::TcbStatus status, const std::vector<std::string>& advisories) {
  std::string out = ",\"tcbDate\":" + quoted(date) + ",\"tcbStatus\":" + quoted(evidence::tcb_status_name(status));
  for (std::size_t i = 0; i < advisories.size(); ++i) {
    out += (i == 0 ? ",\"advisoryIDs\":[" : ",") + quoted(advisories[i]);
  }
  return out + (advisories.empty() ? "}" : "]}");
}

std::string tcb_level(std::uint8_t svn, const std::string& tail) {
  std::string out = "{\"tcb\":{\"sgxtcbcomponents\":[";
  auto components = sim_components(svn);
  for (std::size_t i = 0; i < components.size(); ++i) {
    out += (i == 0 ? "{\"svn\":" : ",{\"svn\":") + std::to_string(components[i]) + "}";
  }
  return out + "],\"pcesvn\":" + std::to_string(svn) + "}" + tail;
}

std::string qe_level(std::uint16_t isv_svn, const std::string& tail) {
  return "{\"tcb\":{\"isvsvn\":" + std::to_string(isv_svn) + "}" + tail;
}

}  // namespace

ByteArray<16> sim_components(std::uint8_t svn) {
  ByteArray<16> out{};
  out[0] = svn;
  out[1] = svn;
  return out;
}

std::string sim_tcb_info(const CollateralRequest& request, UnixMs issued_ms, UnixMs next_update_ms) {
  return "{\"id\":\"SGX\",\"version\":3" + header(issued_ms, next_update_ms) +
         ",\"fmspc\":" + quoted(to_hex(kSimFmspc)) + ",\"pceId\":" + quoted(to_hex(kSimPceId)) +
         ",\"tcbType\":0,\"tcbEvaluationDataNumber\":" + std::to_string(kEvaluationDataNumber) + ",\"tcbLevels\":[" +
         tcb_level(kSimCurrentSvn, level_tail(kTcbDate, request.current_status, request.current_advisories)) + "," +
         tcb_level(1, level_tail(kOldTcbDate, evidence::TcbStatus::kOutOfDate, {"BRUME-SIM-0001"})) + "]}";
}

std::string sim_qe_identity(const CollateralRequest& request, UnixMs issued_ms, UnixMs next_update_ms) {
  return "{\"id\":\"QE\",\"version\":2" + header(issued_ms, next_update_ms) +
         ",\"tcbEvaluationDataNumber\":" + std::to_string(kEvaluationDataNumber) +
         ",\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\""
         ",\"attributes\":\"11000000000000000000000000000000\""
         ",\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\"" +
         ",\"mrsigner\":" + quoted(sim_qe_signer().hex()) + ",\"isvprodid\":" + std::to_string(kSimQeProductId) +
         ",\"tcbLevels\":[" + qe_level(kSimQeIsvSvn, level_tail(kTcbDate, request.current_qe_status, {})) + "," +
         qe_level(1, level_tail(kOldTcbDate, evidence::TcbStatus::kOutOfDate, {})) + "]}";
}

std::string signed_document(std::string_view name, const std::string& body, const crypto::EcKey& key) {
  return "{" + quoted(name) + ":" + body + ",\"signature\":" + quoted(to_hex(key.sign_raw(as_bytes(body)))) + "}";
}

}  // namespace brume::tee
