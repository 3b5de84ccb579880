// A typed job on top of the counting kernels.
#pragma once

#include <brume/detail/configuration.h>
#include <brume/detail/counting.h>
#include <brume/emitter.h>
#include <brume/parameters.h>
#include <brume/reduction.h>

#include <memory>
#include <optional>

namespace brume::detail {

template <typename Job>
class CountingProgram final : public JobProgram {
 public:
  using Value = typename Job::Value;

  explicit CountingProgram(std::string_view name) : name_(name) {}

  std::string_view name() const override { return name_; }
  JobStatus configure(const JobConfig& config) override {
    return guarded([&]() -> JobStatus {
      if (auto status = configure_job(job_, config, counters(), borders_); !status) return status;
      if (!engine_) engine_ = make_counting_engine(hooks());
      return engine_->configure(config);
    });
  }
  JobStatus describe(const JobConfig& config, std::vector<StageFacts>& stages) override {
    stages.assign(1, {});
    return describe_job<Job>(config, config.stage, stages[0]);
  }
  JobStatus add_known(std::span<const JobParameter> parameters, std::vector<std::string>& known) const override {
    return add_known_parameters<Job>(parameters, known);
  }
  const Borders& borders() const override { return borders_; }
  std::unique_ptr<MapTask> new_map(Scratch&) override {
    state_.reset();
    return engine_->new_map();
  }
  bool merges() const override { return false; }
  std::unique_ptr<ReduceTask> new_reduce(Scratch& scratch) override { return engine_->new_reduce(scratch); }
  std::unique_ptr<MergeTask> new_merge(Scratch&) override { return nullptr; }

 private:
  class Pairs final : public PairSink<Value> {
   public:
    explicit Pairs(CountSink& out) : out_(out) {}
    void add(std::string_view key, const Value& value) override { out_.add(key, static_cast<std::uint64_t>(value)); }
    void add_words(const Words& words, std::string_view text, const Value& value) override {
      out_.add_words(words, text, static_cast<std::uint64_t>(value));
    }

   private:
    CountSink& out_;
  };

  CountingHooks hooks() {
    CountingHooks hooks;
    hooks.job = this;
    hooks.map = [](void* self, const Piece& piece, CountSink& out) {
      auto& program = *static_cast<CountingProgram*>(self);
      Pairs pairs(out);
      EmitterOf<Job> emitter(pairs, program.counters());
      map_piece(*program.job_, piece, program.state_, emitter);
    };
    hooks.end_of_map = [](void* self, CountSink& out) {
      auto& program = *static_cast<CountingProgram*>(self);
      Pairs pairs(out);
      EmitterOf<Job> emitter(pairs, program.counters());
      end_of_map(*program.job_, program.state_, emitter);
    };
    hooks.format = [](const void* self, std::string_view key, std::uint64_t value, Line& line) {
      const Job& job = *static_cast<const CountingProgram*>(self)->job_;
      format_line(job, key_from<Job>(key), static_cast<Value>(value), line);
    };
    hooks.order = static_cast<LineOrder>(order_of<Job>());
    hooks.line_kind = kLineKind<Job>;
    hooks.is_signed = std::signed_integral<Value>;
    hooks.value_bits = 8 * sizeof(Value);
    return hooks;
  }

  std::string_view name_;
  std::optional<Job> job_;
  std::optional<StateOf<Job>> state_;  // of the task at hand
  Borders borders_;
  std::unique_ptr<CountingEngine> engine_;
};

}  // namespace brume::detail
