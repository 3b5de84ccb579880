// What the enclave asks of its relay.
#include <sys/uio.h>

#include <cerrno>

#include "node/relay.h"

namespace brume::node {
namespace {

using abi::ToEnclave;
using abi::ToHost;

constexpr std::size_t kLogLimit = 1'000;               // lines; an enclave in a loop must not fill a disk
constexpr std::size_t kLogLineLimit = 512;             // bytes
constexpr int kFetchAttempts = 4;                      // a peer that has just started, or is over its limit
constexpr std::chrono::milliseconds kFetchPause{150};  // doubles
constexpr std::chrono::seconds kTroublePause{2};       // before the same words again

std::string printable(ByteView text) {
  std::string out(as_chars(text.first(std::min(text.size(), kLogLineLimit))));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

// Only what is in memory: who reads here holds the ring. False: a disk or a server would have to be waited for, or the
// kernel does not tell.
bool read_at_once(std::span<const transport::FileExtent> files, std::span<const MutableByteView> parts) {
  MutableByteView room;
  for (const transport::FileExtent& file : files) {
    for (std::uint64_t at = 0; at < file.size;) {
      if (room.empty()) {
        room = parts.front();
        parts = parts.subspan(1);
      }
      const iovec piece{room.data(), std::min<std::uint64_t>(room.size(), file.size - at)};
      const ssize_t size = ::preadv2(file.file->get(), &piece, 1, static_cast<off_t>(file.offset + at), RWF_NOWAIT);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return false;
      at += static_cast<std::uint64_t>(size);
      room = room.subspan(static_cast<std::size_t>(size));
    }
  }
  return true;
}

}  // namespace

void Relay::read_enclave() {
  abi::Frame frame;
  for (;;) {
    const abi::RingStep step = reader_.next(frame);
    if (step == abi::RingStep::kBroken) return end_with(ExitCode::kEnclaveEnded, "the enclave broke the ring's rules");
    if (step != abi::RingStep::kDone) return end_with(ExitCode::kEnclaveEnded, "the enclave ended");
    on_enclave_frame(frame);
  }
}

void Relay::on_enclave_frame(const abi::Frame& frame) {
  const auto wrong = [this](const char* what) {
    end_with(ExitCode::kEnclaveEnded, std::string("the enclave sent a malformed or untimely frame: ") + what);
  };
  switch (static_cast<ToHost>(frame.type)) {
    case ToHost::kReady:
      if (!quotes_.run([this] { send_start(); })) wrong("ready");
      return;
    case ToHost::kNetOut: {
      const auto sent = control_->send(transport::Channel::kEnclave, frame.payload);
      if (!sent) end_with(ExitCode::kMasterGone, "master: " + sent.error().what);
      return;
    }
    case ToHost::kNetShutdown: {
      net_shut_down_ = true;
      const std::uint64_t one = 1;
      (void)!::write(end_event_.get(), &one, sizeof one);
      return;
    }
    case ToHost::kQuoteRequest: {
      if (frame.payload.size() != abi::kReportSize) return wrong("quote request");
      const bool queued =
          quotes_.run([this, id = frame.id, report = to_bytes(frame.payload)] { answer_quote(id, report); });
      if (!queued) wrong("too many quote requests");
      return;
    }
    case ToHost::kFetchInput: {
      const auto range = abi::parse_input_range(frame.payload);
      if (!range) return wrong("fetch input");
      if (!fetches_.run([this, id = frame.id, range = *range] { fetch_input(id, range); })) wrong("too many fetches");
      return;
    }
    case ToHost::kFetchStream: {
      const auto wanted = abi::parse_fetch_stream(frame.payload);
      if (!wanted) return wrong("fetch stream");
      if (!fetches_.run([this, id = frame.id, wanted = *wanted] { fetch_stream(id, wanted); })) {
        wrong("too many fetches");
      }
      return;
    }
    case ToHost::kLog:
      return on_enclave_log(frame.payload);
    default:
      if (!on_storage_frame(frame)) wrong("type or layout");
  }
}

// False: the frame is malformed or of an unknown type.
bool Relay::on_storage_frame(const abi::Frame& frame) {
  Status stored;
  if (frame.type == static_cast<std::uint16_t>(ToHost::kPutBlock)) {
    const auto put = abi::parse_put_block(frame.payload);
    if (!put) return false;
    stored = store_.put(put->name, put->blocks);
  } else if (frame.type == static_cast<std::uint16_t>(ToHost::kPutEnd)) {
    const auto name = abi::parse_stream_name(frame.payload);
    if (!name) return false;
    stored = store_.end(*name);
  } else if (frame.type == static_cast<std::uint16_t>(ToHost::kDropStream)) {
    const auto name = abi::parse_stream_name(frame.payload);
    if (!name) return false;
    store_.drop_stream(*name);
  } else if (frame.type == static_cast<std::uint16_t>(ToHost::kDropRun)) {
    const auto run = RunId::from(frame.payload);
    if (!run) return false;
    store_.drop_run(*run);
  } else {
    return false;
  }
  // A node that cannot store cannot work: the master gives its tasks to others.
  if (!stored) end_with(ExitCode::kHostFailed, stored.error().what);
  return true;
}

void Relay::on_enclave_log(ByteView text) {
  if (++log_count_ > kLogLimit) return;
  const std::string line = printable(text);
  log_line("enclave: " + line);
  tell_master(transport::NodeLog{line});
}

void Relay::send_start() {
  abi::Start start{options_.role, options_.name, options_.tee, enclave_.qe_target_info()};
  (void)to_enclave(ToEnclave::kStart, 0, abi::encode_start(start));
}

void Relay::answer_quote(std::uint64_t id, ByteView report) {
  auto quote = enclave_.quote(report);
  if (quote && quote->size() <= abi::kFramePayloadLimit) {
    (void)to_enclave(ToEnclave::kQuote, id, *quote);
    return;
  }
  std::string why = quote ? "the quote is over the frame limit" : quote.error().what;
  log_line("no quote: " + why);
  why.resize(std::min(why.size(), abi::kTextLimit));
  (void)to_enclave(ToEnclave::kQuoteRefused, id, as_bytes(why));
}

// From where it lies; what has no place of its own, from the master.
void Relay::fetch_input(std::uint64_t id, const abi::InputRange& range) {
  const std::vector<InputStore::Part> parts = inputs_.locate(range);
  if (parts.size() == 1 && !parts.front().place) return relay_fetch(id, ToEnclave::kInput, options_.master, range);
  const auto on_frame = [&](ByteView frame) { return to_enclave(ToEnclave::kInput, id, frame); };
  const auto on_extent = [&](const transport::FileExtent& file) {
    return files_to_enclave(ToEnclave::kInput, id, {&file, 1});
  };
  for (const InputStore::Part& part : parts) {
    const Status done =
        part.place ? inputs_.fetch(part, on_frame, on_extent) : fetch_patiently(options_.master, part.range, on_frame);
    if (done) continue;
    if (part.place && done.error().code != ErrorCode::kState) tell_trouble(range.run, done.error().what);
    return finish_fetch(id, done);
  }
  finish_fetch(id, {});
}

// Fetches run side by side and fail together: the same words are said once.
void Relay::tell_trouble(const RunId& run, const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (what == last_trouble_ && now - last_trouble_time_ < kTroublePause) return;
    last_trouble_ = what;
    last_trouble_time_ = now;
  }
  log_line("input: " + what);
  tell_master(transport::InputTrouble{run, what});
}

void Relay::fetch_stream(std::uint64_t id, const abi::FetchStream& wanted) {
  transport::Endpoint holder;
  bool own = false;
  {
    const std::lock_guard lock(mutex_);
    own = wanted.holder.value == 0 || wanted.holder == self_;
    const auto found = peers_.find(wanted.holder);
    if (found != peers_.end()) holder = found->second;
  }
  if (own) return relay_own_stream(id, wanted.part);
  if (const auto here = prefetched_.take(wanted.part)) return relay_files(id, *here);
  if (holder.port == 0) return finish_fetch(id, fail(ErrorCode::kNotFound, "the master named no address of that node"));
  relay_fetch(id, ToEnclave::kBlock, holder, wanted.part);
}

void Relay::relay_fetch(std::uint64_t id, ToEnclave type, const transport::Endpoint& from,
                        const transport::FetchRequest& request) {
  finish_fetch(id, fetch_patiently(from, request, [&](ByteView frame) { return to_enclave(type, id, frame); }));
}

Status Relay::fetch_patiently(const transport::Endpoint& from, const transport::FetchRequest& request,
                              const transport::FetchClient::OnFrame& give) {
  bool any_frame = false;
  const auto on_frame = [&](ByteView frame) {
    any_frame = true;
    return give(frame);
  };
  auto pause = kFetchPause;
  for (int attempt = 1;; ++attempt) {
    const Status done = fetch_client_.fetch(from, request, on_frame);
    // What has been given to the enclave cannot be taken back, so a later failure is final.
    const bool again = !done && !any_frame && done.error().code == ErrorCode::kUnavailable;
    if (!again || attempt == kFetchAttempts) return done;
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

// Its own disk instead of its own socket.
void Relay::relay_own_stream(std::uint64_t id, const abi::StreamPart& part) {
  auto source = store_.open_stream(part);
  if (!source) return finish_fetch(id, fail(ErrorCode::kNotFound, transport::fetch_failure_text(source.error())));
  relay_files(id, **source);
}

void Relay::relay_files(std::uint64_t id, transport::FetchSource& source) {
  Bytes buffer;
  for (;;) {
    const transport::FrameExtents frame = source.next();
    if (frame.empty()) return finish_fetch(id, {});
    if (const auto taken = files_to_enclave(ToEnclave::kBlock, id, frame)) {
      if (!*taken) return;
      continue;
    }
    std::size_t used = 0;
    for (const transport::FileExtent& extent : frame) {
      buffer.resize(std::max<std::size_t>(buffer.size(), used + extent.size));
      for (std::size_t at = 0; at < extent.size;) {
        const ssize_t size = ::pread(extent.file->get(), buffer.data() + used + at, extent.size - at,
                                     static_cast<off_t>(extent.offset + at));
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return finish_fetch(id, fail(ErrorCode::kIo, "this node's storage failed"));
        at += static_cast<std::size_t>(size);
      }
      used += extent.size;
    }
    if (!to_enclave(ToEnclave::kBlock, id, ByteView(buffer).first(used))) return;
  }
}

std::optional<bool> Relay::files_to_enclave(ToEnclave type, std::uint64_t id,
                                            std::span<const transport::FileExtent> files) {
  std::size_t size = 0;
  for (const transport::FileExtent& file : files) size += file.size;
  const std::lock_guard lock(writer_mutex_);
  abi::RingStep step = writer_.wait_for_room(size);
  if (step == abi::RingStep::kDone) {
    step = writer_.try_write_by(static_cast<std::uint16_t>(type), id, size,
                                [&](std::span<const MutableByteView> parts) { return read_at_once(files, parts); });
  }
  if (step == abi::RingStep::kLater) return std::nullopt;
  return step == abi::RingStep::kDone;
}

void Relay::finish_fetch(std::uint64_t id, const Status& done) {
  if (done) {
    (void)to_enclave(ToEnclave::kFetchEnd, id, {});
    return;
  }
  std::string why = done.error().what;
  why.resize(std::min(why.size(), abi::kTextLimit));
  (void)to_enclave(ToEnclave::kFetchFailed, id, as_bytes(why));
}

}  // namespace brume::node
