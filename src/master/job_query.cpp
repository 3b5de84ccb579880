#include "master/job_query.h"

#include <chrono>

namespace brume::master {

Status JobQuery::on_message(ByteView body) {
  BRUME_ASSIGN(mapreduce::JobDescription answer, mapreduce::parse_job_description(body));
  if (answer.query != number_) return {};  // to an earlier one
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
  changed_.notify_all();
  return {};
}

void JobQuery::node_lost() {
  const std::lock_guard lock(mutex_);
  lost_ = true;
  changed_.notify_all();
}

Result<mapreduce::JobDescription> JobQuery::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return answer_ || lost_; });
  if (!answer_) return fail(ErrorCode::kUnavailable, "node " + std::to_string(node_.value) + " does not answer");
  if (!answer_->refused.empty()) return fail(ErrorCode::kUsage, answer_->refused);
  return std::move(*answer_);
}

}  // namespace brume::master
