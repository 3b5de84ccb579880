// A job's enclave program: the task loop, until it or the host is done.
#include <brume/memory.h>
#include <brume/program.h>
#include <stdlib.h>

#include "crypto/random.h"
#include "enclave/runtime/runtime.h"
#include "enclave/task_loop.h"

namespace brume::enclave {
namespace {

constexpr int kRingBroken = 103;

class RingOutbox final : public Outbox {
 public:
  explicit RingOutbox(abi::FrameWriter& writer) : writer_(writer) {}
  void frame(abi::ToHost type, std::uint64_t id, std::initializer_list<ByteView> parts) override {
    switch (writer_.write(static_cast<std::uint16_t>(type), id, parts)) {
      case abi::RingStep::kDone:
        return;
      case abi::RingStep::kPeerGone:
        _Exit(0);
      default:
        _Exit(kRingBroken);
    }
  }

 private:
  abi::FrameWriter& writer_;
};

class ProcessorReports final : public ReportSource {
 public:
  Result<ByteArray<abi::kReportSize>> report(ByteView target_info, const ReportData& report_data) override {
    return ereport(target_info, report_data);
  }
};

// Every frame of the host goes to the task loop.
class Pump final : public FramePump {
 public:
  explicit Pump(Enclave& enclave) : enclave_(enclave) {}

  void serve(TaskLoop& loop) { loop_ = &loop; }
  bool pump() override {
    abi::Frame frame;
    switch (enclave_.from_host.next(frame)) {
      case abi::RingStep::kDone:
        loop_->on_frame(frame.type, frame.id, frame.payload);
        return true;
      case abi::RingStep::kPeerGone:
        return false;
      default:
        exit_code_ = kRingBroken;
        return false;
    }
  }
  int exit_code() const { return exit_code_; }

 private:
  Enclave& enclave_;
  TaskLoop* loop_ = nullptr;
  int exit_code_ = 0;
};

}  // namespace

int enclave_main(Enclave& enclave) {
  set_block_source({take_block, give_block});
  crypto::SystemRandom random;  // OpenSSL's, seeded by random.cpp
  ProcessorReports reports;
  RingOutbox outbox(enclave.to_host);
  Pump pump(enclave);
  TaskLoopConfig config{enclave.config.master, mapreduce::limits_for_heap(enclave.config.heap_size)};
  config.limits.memory_use = [] {
    const HeapUse use = heap_use();
    return mapreduce::MemoryUse{use.peak, use.size};
  };
  TaskLoop loop(*brume_job_program(), random, reports, outbox, pump, config);
  pump.serve(loop);
  while (!loop.stopped() && pump.pump()) continue;
  return pump.exit_code();
}

}  // namespace brume::enclave
