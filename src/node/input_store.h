// Where a run's inputs lie, as the master's host said, and how their chunks are fetched from there: a shared folder, or
// an HTTP server. Ciphertext from places that nobody trusts, for an enclave that opens every chunk by its index: wrong
// bytes, from wherever they come, end in its refusal.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "abi/frames.h"
#include "crypto/random.h"
#include "node/read_ahead.h"
#include "node/shares.h"
#include "remote/range_client.h"
#include "transport/fetch_source.h"
#include "transport/host_messages.h"

namespace brume::node {

class InputStore {
 public:
  explicit InputStore(std::vector<Share> shares, remote::RangeClientOptions client = {}, ReadAheadOptions reading = {});
  ~InputStore() { stop(); }

  // Adds and replaces places. Errors: kUsage, kMalformed (a URL or roots that are none), kLimit.
  Status set(const transport::Inputs& inputs);
  void drop_run(const RunId& run);

  struct Place;
  // A part of what was asked for that lies at one place, or, where that is empty, at the master.
  struct Part {
    std::shared_ptr<const Place> place;
    abi::InputRange range;
  };
  // In order; together the range.
  std::vector<Part> locate(const abi::InputRange& range) const;

  // Gives the chunks in frames of whole ones. False ends it. Errors name the place, not its secrets.
  using OnFrame = std::function<bool(ByteView frame)>;
  // Is asked first about a frame that lies in a file. No answer: on_frame gets its bytes.
  using OnExtent = std::function<std::optional<bool>(const transport::FileExtent& frame)>;
  Status fetch(const Part& part, const OnFrame& on_frame, const OnExtent& on_extent = {});
  // From any thread: ends every fetch, now and later, and waits for downloads.
  void stop();

 private:
  struct Run {
    std::map<std::uint64_t, std::shared_ptr<const Place>> places;  // by first chunk
    std::vector<transport::SplitRun> splits;
    std::string roots_text;
    remote::Roots roots;
  };
  Status fetch_shared(const Part& part, const OnFrame& on_frame, const OnExtent& on_extent);
  Status fetch_remote(const Part& part, const OnFrame& on_frame);
  Status bring(const RunId& run, const std::shared_ptr<const Place>& place, std::uint64_t offset, MutableByteView out,
               const ReadAhead::OnFilled& on_filled);
  std::shared_ptr<const Place> newest(const RunId& run, const Place& place) const;
  std::uint64_t border_of(const RunId& run, std::uint64_t chunk) const;

  const std::vector<Share> shares_;
  crypto::SystemRandom random_;
  remote::RangeClient client_;
  mutable std::mutex mutex_;
  std::map<RunId, Run> runs_;
  std::uint64_t next_file_ = 1;
  ReadAhead reading_;
};

}  // namespace brume::node
