#include "master/job_run.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "crypto/random.h"
#include "master/result_file.h"

namespace brume::master {
namespace {

namespace fs = std::filesystem;

class NoOutside final : public RunOutside {
 public:
  Status send_to_node(NodeId, std::uint8_t type, ByteView) override {
    sent.push_back(static_cast<mapreduce::MessageType>(type));
    return {};
  }
  void drop_node(NodeId, const std::string&) override {}
  void fetch_output(mapreduce::Ticket, NodeId, const sealed::StreamId&, const RunId&) override {}
  void send_hint(NodeId, const transport::Prefetch&) override {}
  void run_note(const std::string&) override {}

  std::vector<mapreduce::MessageType> sent;
};

// A run over one input, of three chunks, that the master serves.
class JobRunTest : public ::testing::Test {
 protected:
  JobRunTest() {
    std::string name = (fs::temp_directory_path() / "brume-run-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    input_ = folder_ / "in.age";
    seal(input_);
    const InputName place{InputName::Kind::kFile, input_.string()};
    auto file =
        InputFile::open(place, {}, formats::Compression::kNone, std::span(&identity_, 1), Fetching{"brume-fetch"}, 0);
    RunInputs inputs({{"the input", std::make_shared<const InputFile>(std::move(file.value()))}}, {});
    mapreduce::RunRequest request{.job_name = "job"};
    inputs.add_to(request);
    auto spool = OutputSpool::create(folder_, 1).value();
    auto core = mapreduce::RunCore::create(std::move(request), random_, *spool).value();
    run_ = std::make_unique<JobRun>(std::move(spool), std::move(core), std::move(inputs), outside_);
    run_->tick(1'000);
  }
  ~JobRunTest() override { fs::remove_all(folder_); }

  void seal(const fs::path& path) {
    auto file = ResultFile::create(path, identity_.recipient().text(), random_).value();
    ASSERT_TRUE(file->write(Bytes(150'000, 'x')));
    ASSERT_TRUE(file->commit());
  }
  std::string why_not_served() const {
    const ServedChunks chunks = run_->inputs().chunks(0, 1);
    return chunks ? "served" : chunks.error().why;
  }
  std::string why_failed() { return run_->wait(std::chrono::milliseconds(0)).why; }

  crypto::SystemRandom random_;
  sealed::AgeIdentity identity_ = sealed::AgeIdentity::generate(random_);
  NoOutside outside_;
  fs::path folder_;
  fs::path input_;
  std::unique_ptr<JobRun> run_;
};

TEST_F(JobRunTest, AnInputThatIsNotThereAnyMoreIsNamed) {
  EXPECT_EQ(why_not_served(), "served");
  fs::resize_file(input_, 100'000);
  EXPECT_EQ(why_not_served(), "input the input: " + input_.string() + ": became shorter since the run began");
  seal(folder_ / "other.age");
  fs::rename(folder_ / "other.age", input_);
  EXPECT_EQ(why_not_served(), "input the input: " + input_.string() + ": is another file than when the run began");
  fs::remove(input_);
  EXPECT_EQ(why_not_served(), "input the input: " + input_.string() + ": No such file or directory");
}

TEST_F(JobRunTest, WhyAnInputIsNotServedIsPartOfTheReason) {
  run_->input_not_served("input a: became shorter");
  run_->input_not_served("input a: became shorter");
  EXPECT_EQ(run_->wait(std::chrono::milliseconds(0)).notes, std::vector<std::string>{"input a: became shorter"});
  run_->fail_run("map 0 failed 4 times");
  EXPECT_EQ(why_failed(), "map 0 failed 4 times; input a: became shorter");
}

TEST_F(JobRunTest, ARunThatIsCancelledEndsAtItsNodes) {
  run_->node_joined({1}, {true, true}, "host");
  EXPECT_EQ(outside_.sent.front(), mapreduce::MessageType::kRunStart);
  EXPECT_FALSE(run_->core().over());
  run_->cancel();
  EXPECT_TRUE(run_->core().over());
  EXPECT_EQ(outside_.sent.back(), mapreduce::MessageType::kRunEnd);
  EXPECT_EQ(why_failed(), "the run was cancelled");
}

TEST_F(JobRunTest, WhyTheLastNodeWasLostIsPartOfTheReason) {
  run_->node_joined({1}, {true, true}, "host");
  run_->remember_loss("worker-1", "its host gave up: the disk is full");
  run_->node_lost({1}, mapreduce::NodeLoss::kCut);
  run_->tick(2'000);
  run_->tick(62'000);
  EXPECT_EQ(
      why_failed(),
      "no admitted node that can map for 60 s; map 0 (the input, from byte 0) lost its node once: if it crashes, try "
      "it with brume run --local; the last one that was lost, worker-1: its host gave up: the disk is full");
}

}  // namespace
}  // namespace brume::master
