#include "simulation/node.h"

#include "base/check.h"

namespace brume::simulation {

Node::Node(std::uint64_t serial, std::uint64_t seed, std::unique_ptr<JobProgram> job, const Options& options,
           NodeOutside& outside)
    : serial_(serial), options_(options), outside_(outside), job_(std::move(job)), random_(seed) {
  if (options_.joined) {
    loop_ = std::make_unique<enclave::TaskLoop>(*job_, random_, *this, *this, *this,
                                                enclave::TaskLoopConfig{options_.master, options_.limits});
  } else {
    runner_ = std::make_unique<enclave::TaskRunner>(*job_, random_, *this, *this, *this, options_.limits);
  }
}

void Node::start() {
  if (!loop_) return;
  abi::Start start;
  start.role = role();
  start.tee = options_.tee;
  if (options_.tee != abi::Tee::kNone) start.qe_target_info.resize(512);
  start.node_name = "node-" + std::to_string(serial_);
  frame_in(abi::ToEnclave::kStart, 0, abi::encode_start(start));
}

void Node::deliver(std::function<void()> frame) {
  inbox_.push_back(std::move(frame));
  if (busy_) return;
  busy_ = true;
  while (!inbox_.empty() && !dead_) {
    const auto next = std::move(inbox_.front());
    inbox_.pop_front();
    next();
  }
  busy_ = false;
}

bool Node::pump() {
  while (inbox_.empty() && !dead_) {
    if (!outside_.advance()) return false;
  }
  if (dead_) return false;
  const auto next = std::move(inbox_.front());
  inbox_.pop_front();
  next();
  return true;
}

void Node::frame_in(abi::ToEnclave type, std::uint64_t id, ByteView payload) {
  deliver([this, type, id, payload = to_bytes(payload)] { take_frame(type, id, payload); });
}

void Node::take_frame(abi::ToEnclave type, std::uint64_t id, ByteView payload) {
  if (loop_) return loop_->on_frame(static_cast<std::uint16_t>(type), id, payload);
  switch (type) {
    case abi::ToEnclave::kInput:
      runner_->on_input(id, payload);
      break;
    case abi::ToEnclave::kBlock:
      runner_->on_blocks(id, payload);
      break;
    case abi::ToEnclave::kFetchEnd:
      runner_->on_end(id);
      break;
    case abi::ToEnclave::kFetchFailed:
      runner_->on_failed(id);
      break;
    default:
      return;
  }
  runner_->work();
}

void Node::message_in(std::uint8_t type, ByteView body) {
  deliver([this, type, body = to_bytes(body)] {
    const auto status = runner_->on_message(type, body);
    BRUME_CHECK(status.has_value());
    runner_->work();
  });
}

void Node::epoch_changed() {
  deliver([this] {
    runner_->drop_tasks();
    runner_->work();
  });
}

void Node::message(mapreduce::Message message) {
  outside_.to_master(*this, static_cast<std::uint8_t>(message.type), std::move(message.body));
}

void Node::frame(abi::ToHost type, std::uint64_t fetch, std::initializer_list<ByteView> parts) {
  Bytes payload;
  for (const ByteView part : parts) append(payload, part);
  BRUME_CHECK(payload.size() <= 1u << 20);
  switch (type) {
    case abi::ToHost::kNetOut:
      return outside_.net_to_master(*this, std::move(payload));
    case abi::ToHost::kFetchInput: {
      const auto range = abi::parse_input_range(payload);
      BRUME_CHECK(range.has_value());
      return outside_.fetch_input(*this, fetch, *range);
    }
    case abi::ToHost::kFetchStream: {
      const auto stream = abi::parse_fetch_stream(payload);
      BRUME_CHECK(stream.has_value());
      return outside_.fetch_stream(*this, fetch, *stream);
    }
    case abi::ToHost::kQuoteRequest:
      return outside_.quote_wanted(*this, fetch, std::move(payload));
    case abi::ToHost::kPutBlock: {
      const auto put = abi::parse_put_block(payload);
      BRUME_CHECK(put.has_value());
      const auto blocks = abi::split_blocks(put->blocks, sealed::kSealedBlockLimit);
      BRUME_CHECK(blocks.has_value());
      StoredStream& stream = storage_[put->name];
      BRUME_CHECK(!stream.complete);
      for (const ByteView block : *blocks) stream.blocks.push_back(to_bytes(block));
      return;
    }
    case abi::ToHost::kPutEnd: {
      const auto name = abi::parse_stream_name(payload);
      BRUME_CHECK(name.has_value());
      storage_[*name].complete = true;
      return;
    }
    default:
      return;  // a host that keeps everything, also of runs that are over
  }
}

}  // namespace brume::simulation
