// What evidence and endorsements say, field by field, for `brume evidence show` and the claims of `verify`. Names are
// those of the documents in lower case; byte strings are hex as they stand there.
#pragma once

#include <nlohmann/json.hpp>

#include "appraisal/attested_peer.h"
#include "evidence/quote.h"
#include "evidence/snp_report.h"
#include "evidence/tpm_evidence.h"

namespace brume::cli {

nlohmann::ordered_json fields_of(const evidence::ReportBody& report);
nlohmann::ordered_json fields_of(const evidence::TdReport& report);
nlohmann::ordered_json fields_of(const evidence::Quote& quote);
nlohmann::ordered_json fields_of(const evidence::PckExtension& platform);
// `product` decides what the eight bytes of a TCB version are; without one they stay bytes.
nlohmann::ordered_json fields_of(const evidence::SnpReport& report, std::optional<evidence::SnpProduct> product);
nlohmann::ordered_json fields_of(const appraisal::TcbFacts& facts);

nlohmann::ordered_json fields_of(const evidence::TpmAttest& quote);
nlohmann::ordered_json fields_of(const evidence::TpmPublic& key);
nlohmann::ordered_json fields_of(const evidence::PcrValues& values);  // {"sha256": {"0": hex}}
nlohmann::ordered_json fields_of(const evidence::BootState& boot);
nlohmann::ordered_json fields_of(const appraisal::EventLogFindings& log);
nlohmann::ordered_json fields_of(const appraisal::ImaFindings& ima);
nlohmann::ordered_json fields_of(const appraisal::TpmFacts& facts);

// A whole log, whose fields need its replay. Errors: it does not parse.
Result<nlohmann::ordered_json> show_event_log(ByteView bytes);
Result<nlohmann::ordered_json> show_ima_list(ByteView bytes);

// "0x3001f"
std::string hex_number(std::uint64_t value);

}  // namespace brume::cli
