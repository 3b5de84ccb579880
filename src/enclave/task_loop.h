// An enclave program between its runtime and its job: frames of the host in, frames out. Joins the
// master's cluster, then does the tasks that the master's core sends. Pure: no I/O, no clock.
//
// What the host sends are claims: frames that do not fit the moment are ignored, what does not open is
// refused towards the master with its reason.
#pragma once

#include <brume/program.h>

#include <memory>

#include "abi/frames.h"
#include "enclave/outbox.h"
#include "enclave/task.h"

namespace brume::enclave {

// EREPORT, or nothing where there is no such processor.
class ReportSource {
 public:
  virtual ~ReportSource() = default;
  // target_info: 512 bytes, of the quoting enclave.
  virtual Result<ByteArray<abi::kReportSize>> report(ByteView target_info, const ReportData& report_data) = 0;
};

struct TaskLoopConfig {
  SpkiHash master;  // the only key this enclave speaks to, from its measured configuration; zeros: none pinned
  TaskLimits limits;
};

class TaskLoop {
 public:
  // All references outlive it. Writes kReady. pump: takes one more frame, waiting for it, and gives it to on_frame();
  // used where a task needs input in the middle of its work.
  TaskLoop(JobProgram& program, Random& random, ReportSource& reports, Outbox& outbox, FramePump& pump,
           const TaskLoopConfig& config);
  ~TaskLoop();

  // One frame from the host; answers go to the outbox before it returns, unless a task waits in an outer call.
  void on_frame(std::uint16_t type, std::uint64_t id, ByteView payload);
  // The host said stop, or the channel to the master is over: nothing more will happen.
  bool stopped() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace brume::enclave
