#include "simulation/node.h"

#include "base/check.h"

namespace brume::simulation {

Node::Node(std::uint64_t serial, std::uint64_t seed, bool joined, abi::Tee tee, mapreduce::Roles roles,
           const SpkiHash& master, NodeOutside& outside)
    : serial_(serial), tee_(tee), roles_(roles), outside_(outside), random_(seed) {
  enclave::TaskLimits limits;
  if (joined) {
    loop_ = std::make_unique<enclave::TaskLoop>(job_, random_, *this, *this, enclave::TaskLoopConfig{master, limits});
  } else {
    runner_ = std::make_unique<enclave::TaskRunner>(job_, random_, *this, *this, limits);
  }
}

void Node::start() {
  if (!loop_) return;
  abi::Start start;
  start.role = role();
  start.tee = tee_;
  if (tee_ != abi::Tee::kNone) start.qe_target_info.resize(512);
  start.node_name = "node-" + std::to_string(serial_);
  frame_in(abi::ToEnclave::kStart, 0, abi::encode_start(start));
}

void Node::frame_in(abi::ToEnclave type, std::uint64_t id, ByteView payload) {
  if (loop_) return loop_->on_frame(static_cast<std::uint16_t>(type), id, payload);
  switch (type) {
    case abi::ToEnclave::kInput:
      return runner_->on_input(id, payload);
    case abi::ToEnclave::kBlock:
      return runner_->on_blocks(id, payload);
    case abi::ToEnclave::kFetchEnd:
      return runner_->on_end(id);
    case abi::ToEnclave::kFetchFailed:
      return runner_->on_failed(id);
    default:
      return;
  }
}

void Node::message_in(std::uint8_t type, ByteView body) {
  const auto status = runner_->on_message(type, body);
  BRUME_CHECK(status.has_value());
}

void Node::epoch_changed() { runner_->drop_tasks(); }

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
