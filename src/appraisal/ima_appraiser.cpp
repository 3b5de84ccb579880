#include <algorithm>
#include <set>

#include "appraisal/log_appraiser.h"

namespace brume::appraisal {
namespace {

using evidence::ImaEntry;
using evidence::ImaLog;
using evidence::PcrValue;
using evidence::PcrValues;
using evidence::TpmAlgorithm;

constexpr std::string_view kFixList = "read the list after the quote was made, whole and as the kernel gives it";

// security/integrity/ima/ima_crypto.c, ima_calc_boot_aggregate_tfm: H(PCR 0 to 7); since Linux 5.8, but for SHA-1,
// PCR 8 and 9, too. Nothing where a value is not known.
std::optional<Bytes> boot_aggregate(TpmAlgorithm bank, const PcrValues& values, std::uint32_t count) {
  Bytes all;
  for (std::uint32_t index = 0; index < count; ++index) {
    const PcrValue* value = evidence::find_pcr(values, bank, index);
    if (value == nullptr) return std::nullopt;
    append(all, value->value);
  }
  return crypto::hash(*evidence::tpm_crypto_hash(bank), all);
}

class ImaCheck {
 public:
  ImaCheck(Refusals& refusals, const PcrValues& values, std::size_t least_count)
      : refusals_(refusals), values_(values), least_count_(least_count) {}

  ImaFindings run(ByteView bytes) {
    auto log = evidence::read_ima_log(bytes);
    if (!log) {
      refuse(refusals_, "ima.format", "an IMA measurement list", log.error().what, kFixList);
      return std::move(out_);
    }
    out_.readable = true;
    out_.entry_count = log->entries.size();
    check_entries(*log);
    check_registers(*log);
    check_boot_aggregate(*log);
    for (const TpmAlgorithm bank : {TpmAlgorithm::kSha1, TpmAlgorithm::kSha256}) {
      out_.replayed.push_back({bank, evidence::kImaPcr, evidence::replay_ima(*log, bank, out_.style)});
    }
    log->entries.resize(out_.match_count.value_or(log->entries.size()));
    out_.entries = std::make_shared<const std::vector<ImaEntry>>(std::move(log->entries));
    return std::move(out_);
  }

 private:
  void check_entries(const ImaLog& log) {
    std::set<std::string> templates;
    for (const ImaEntry& entry : log.entries) {
      templates.insert(entry.template_name);
      if (entry.violation()) ++out_.violation_count;
    }
    out_.templates.assign(templates.begin(), templates.end());
    if (const auto misfit = evidence::first_ima_misfit(log)) {
      refuse(refusals_, "ima.template-digest", "template digests that are of their entries",
             "entry " + std::to_string(*misfit) + " is not what its digest is of", kFixList);
    }
    // An entry of another register would not be covered by PCR 10 of the quote.
    const auto stray = std::ranges::find_if(log.entries, [](const ImaEntry& e) { return e.pcr != evidence::kImaPcr; });
    if (stray != log.entries.end()) {
      refuse(refusals_, "ima.register", "entries of PCR 10",
             "entry " + std::to_string(stray - log.entries.begin()) + " is of PCR " + std::to_string(stray->pcr),
             "let the kernel's IMA measure into PCR 10 only");
    }
  }

  // The list may have grown after the quote: a prefix must give the value, in all banks the same.
  void check_registers(const ImaLog& log) {
    for (const PcrValue& given : values_) {
      if (given.index != evidence::kImaPcr || !evidence::tpm_crypto_hash(given.bank)) continue;
      const auto match = evidence::match_ima_prefix(log, given.bank, given.value, least_count_);
      if (!match || (out_.match_count && *out_.match_count != match->count)) {
        refuse(refusals_, "ima.replay",
               std::string(evidence::tpm_hash_name(given.bank)) + ".10 = " + to_hex(given.value),
               "no prefix of the list of " + std::to_string(log.entries.size()) + " entries, and of at least " +
                   std::to_string(least_count_) + ", gives it",
               kFixList);
        continue;
      }
      out_.match_count = match->count;
      if (given.bank != TpmAlgorithm::kSha1) out_.style = match->style;
    }
  }

  void check_boot_aggregate(const ImaLog& log) {
    if (log.entries.empty() || log.entries.front().path != "boot_aggregate") return;
    const ImaEntry& first = log.entries.front();
    const auto bank = evidence::tpm_hash_from(first.hash_name);
    if (!bank || !evidence::tpm_crypto_hash(*bank)) return;
    const auto of_8 = boot_aggregate(*bank, values_, 8);
    const auto of_10 = *bank == TpmAlgorithm::kSha1 ? std::nullopt : boot_aggregate(*bank, values_, 10);
    if (!of_8) return;
    if (first.file_digest == *of_8 || (of_10 && first.file_digest == *of_10)) {
      out_.boot_aggregate_checked = true;
      return;
    }
    // Without PCR 8 and 9 a newer kernel's cannot be told from a wrong one.
    if (*bank != TpmAlgorithm::kSha1 && !of_10) return;
    refuse(refusals_, "ima.boot-aggregate", to_hex(of_10.value_or(*of_8)), to_hex(first.file_digest),
           "take the list of the boot that the PCR values are of");
  }

  Refusals& refusals_;
  const PcrValues& values_;
  std::size_t least_count_;
  ImaFindings out_;
};

}  // namespace

ImaFindings check_ima_log(Refusals& refusals, ByteView log, const PcrValues& values, std::size_t least_count) {
  return ImaCheck(refusals, values, least_count).run(log);
}

}  // namespace brume::appraisal
