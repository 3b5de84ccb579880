// The files of one run: its inputs, then its side data. Chunks are numbered through all of them, as the descriptor has
// it.
#pragma once

#include "mapreduce/run.h"
#include "master/input_file.h"

namespace brume::master {

struct RunFile {
  std::string name;  // as the job sees it
  std::shared_ptr<const InputFile> file;
};

// Whether it has that header and nonce (AgeCommitment::header): then only who could open the pinned file can have put
// other content there. kAuthFailed: another file stands there.
Status check_pin(const RunFile& file, const Sha256Digest& pin);

class RunInputs {
 public:
  // sides: names ascending.
  RunInputs(std::vector<RunFile> inputs, std::vector<RunFile> sides);

  const std::vector<RunFile>& inputs() const { return inputs_; }
  const std::vector<RunFile>& sides() const { return sides_; }
  std::uint64_t input_size() const;  // bytes of plaintext, as they are encoded

  void add_to(mapreduce::RunRequest& request) const;

  // What the master itself serves to hosts. kNotFound where it does not have the file, kBadRequest where the range
  // leaves it; a reason names the input.
  ServedChunks chunks(std::uint64_t first, std::uint64_t count) const;
  // Where hosts fetch the others; without the run's id and splits. Empty where there are none.
  std::vector<transport::Inputs> places(UnixMs now_ms) const;
  // How long hosts can use the places; nothing: always.
  std::optional<UnixMs> places_last_ms() const;

 private:
  const RunFile& named(std::size_t index) const;
  const InputFile& at(std::size_t index) const { return *named(index).file; }

  std::vector<RunFile> inputs_;
  std::vector<RunFile> sides_;
  std::vector<std::uint64_t> first_chunks_;  // of each file, and the end
};

}  // namespace brume::master
