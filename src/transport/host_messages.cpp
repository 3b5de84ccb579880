#include "transport/host_messages.h"

#include <nlohmann/json.hpp>

#include "base/json_text.h"

namespace brume::transport {
namespace {

using Json = nlohmann::json;

// Reads fields by name; after the first fault it yields nothing. done() asks that no other field was there.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object), ok_(object.is_object()) {}

  std::string text(const char* name, std::size_t limit) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_string()) return fault<std::string>();
    const auto& out = value->get_ref<const std::string&>();
    return out.size() <= limit ? out : fault<std::string>();
  }
  std::uint64_t number(const char* name, std::uint64_t limit) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_number_unsigned()) return fault<std::uint64_t>();
    const auto out = value->get<std::uint64_t>();
    return out <= limit ? out : fault<std::uint64_t>();
  }
  const Json* array(const char* name, std::size_t limit) {
    const Json* value = find(name);
    if (value == nullptr || !value->is_array() || value->size() > limit) return fault<const Json*>();
    return value;
  }
  Status done(std::string_view what) const {
    if (ok_ && object_.size() == used_) return {};
    return malformed(std::string(what) + ": a field is missing, unknown, of another type or over its limit");
  }

 private:
  const Json* find(const char* name) {
    if (!ok_) return nullptr;
    const auto found = object_.find(name);
    if (found == object_.end()) return nullptr;
    ++used_;
    return &*found;
  }
  template <typename T>
  T fault() {
    ok_ = false;
    return T{};
  }

  const Json& object_;
  bool ok_;
  std::size_t used_ = 0;
};

Json to_json(const Hello& m) {
  return {{"type", "hello"}, {"name", m.name}, {"role", m.role}, {"fetch_port", m.fetch_port}};
}
Json to_json(const Failed& m) { return {{"type", "failed"}, {"what", m.what}}; }
Json to_json(const NodeLog& m) { return {{"type", "log"}, {"text", m.text}}; }
Json to_json(const DropRun& m) { return {{"type", "drop"}, {"run", m.run.hex()}}; }
Json to_json(const Bye& m) { return {{"type", "bye"}, {"reason", m.reason}}; }
Json to_json(const Peers& m) {
  Json peers = Json::array();
  for (const Peer& peer : m.peers) {
    peers.push_back({{"id", peer.id.value}, {"host", peer.fetch.host}, {"port", peer.fetch.port}});
  }
  return {{"type", "peers"}, {"self", m.self.value}, {"peers", std::move(peers)}};
}

Result<HostMessage> parse_peers(Fields& fields) {
  Peers out;
  out.self.value = static_cast<std::uint32_t>(fields.number("self", ~std::uint32_t{0}));
  const Json* list = fields.array("peers", kPeerLimit);
  BRUME_TRY(fields.done("peers"));
  for (const Json& item : *list) {
    Fields peer(item);
    Peer one;
    one.id.value = static_cast<std::uint32_t>(peer.number("id", ~std::uint32_t{0}));
    one.fetch.host = peer.text("host", kHostNameLimit);
    one.fetch.port = static_cast<std::uint16_t>(peer.number("port", 65'535));
    BRUME_TRY(peer.done("peer"));
    BRUME_TRY(check_host(one.fetch.host));
    out.peers.push_back(std::move(one));
  }
  return HostMessage(std::move(out));
}

Json to_json(const InputTrouble& m) { return {{"type", "input-trouble"}, {"run", m.run.hex()}, {"what", m.what}}; }
Json to_json(const Inputs& m) {
  Json places = Json::array();
  for (const InputPlace& place : m.places) {
    places.push_back({{"first", place.first_chunk},
                      {"count", place.chunk_count},
                      {"offset", place.payload_offset},
                      {"size", place.file_size},
                      {place.kind == InputPlace::Kind::kPath ? "path" : "url", place.location}});
  }
  Json splits = Json::array();
  for (const SplitRun& run : m.splits) splits.push_back({{"chunks", run.chunk_count}, {"splits", run.split_count}});
  return {{"type", "inputs"},
          {"run", m.run.hex()},
          {"places", std::move(places)},
          {"splits", std::move(splits)},
          {"roots", m.roots}};
}

// So that no arithmetic on a place can wrap, and each chunk has bytes.
Status check_place(const InputPlace& place) {
  const std::uint64_t whole = place.chunk_count == 0 ? 0 : (place.chunk_count - 1) * kSealedChunkSize;
  const bool good = place.chunk_count > 0 && place.payload_offset <= place.file_size &&
                    place.file_size - place.payload_offset >= whole + kSealedChunkLeast &&
                    place.file_size - place.payload_offset <= whole + kSealedChunkSize && !place.location.empty() &&
                    place.location.find('\0') == std::string::npos;
  if (!good) return malformed("inputs: a place's numbers do not fit, or its location is empty");
  return {};
}

Result<InputPlace> parse_place(const Json& item) {
  Fields fields(item);
  InputPlace out;
  out.first_chunk = fields.number("first", kInputChunkLimit);
  out.chunk_count = fields.number("count", kInputChunkLimit);
  out.payload_offset = fields.number("offset", kInputSizeLimit);
  out.file_size = fields.number("size", kInputSizeLimit);
  out.kind = item.is_object() && item.contains("path") ? InputPlace::Kind::kPath : InputPlace::Kind::kUrl;
  out.location = fields.text(out.kind == InputPlace::Kind::kPath ? "path" : "url", kLocationLimit);
  BRUME_TRY(fields.done("inputs: a place"));
  BRUME_TRY(check_place(out));
  return out;
}

Result<SplitRun> parse_split_run(const Json& item) {
  Fields fields(item);
  SplitRun out{fields.number("chunks", kInputChunkLimit), fields.number("splits", kInputChunkLimit)};
  BRUME_TRY(fields.done("inputs: splits"));
  const bool good = out.chunk_count > 0 && out.split_count > 0 && out.chunk_count <= kInputChunkLimit / out.split_count;
  if (!good) return malformed("inputs: splits of nothing, or too many");
  return out;
}

Result<HostMessage> parse_inputs(Fields& fields) {
  Inputs out;
  const auto run = RunId::parse_hex(fields.text("run", 2 * RunId::kSize));
  const Json* places = fields.array("places", kInputPlaceLimit);
  const Json* splits = fields.array("splits", kSplitRunLimit);
  out.roots = fields.text("roots", kRootsLimit);
  BRUME_TRY(fields.done("inputs"));
  if (!run) return within("inputs: run", run.error());
  out.run = *run;
  for (const Json& item : *places) {
    BRUME_ASSIGN(InputPlace place, parse_place(item));
    out.places.push_back(std::move(place));
  }
  for (const Json& item : *splits) {
    BRUME_ASSIGN(const SplitRun one, parse_split_run(item));
    out.splits.push_back(one);
  }
  return HostMessage(std::move(out));
}

Json to_json(const Prefetch& m) {
  Json streams = Json::array();
  for (const Prefetch::Stream& stream : m.streams)
    streams.push_back({{"partition", stream.partition}, {"size", stream.size}});
  return {{"type", "prefetch"}, {"run", m.run.hex()},   {"holder", m.holder.value},
          {"split", m.split},   {"salt", m.salt.hex()}, {"streams", std::move(streams)}};
}

Result<HostMessage> parse_prefetch(Fields& fields) {
  Prefetch out;
  const auto run = RunId::parse_hex(fields.text("run", 2 * RunId::kSize));
  out.holder.value = static_cast<std::uint32_t>(fields.number("holder", ~std::uint32_t{0}));
  out.split = static_cast<std::uint32_t>(fields.number("split", ~std::uint32_t{0}));
  const auto salt = Salt::parse_hex(fields.text("salt", 2 * Salt::kSize));
  const Json* streams = fields.array("streams", kPrefetchLimit);
  BRUME_TRY(fields.done("prefetch"));
  if (!run) return within("prefetch: run", run.error());
  if (!salt) return within("prefetch: salt", salt.error());
  out.run = *run;
  out.salt = *salt;
  for (const Json& item : *streams) {
    Fields stream(item);
    const auto partition = static_cast<std::uint32_t>(stream.number("partition", ~std::uint32_t{0}));
    out.streams.push_back({partition, stream.number("size", kInputSizeLimit)});
    BRUME_TRY(stream.done("prefetch: a stream"));
  }
  return HostMessage(std::move(out));
}

Result<HostMessage> parse_fields(const Json& json) {
  Fields fields(json);
  const std::string type = fields.text("type", 16);
  HostMessage out;
  if (type == "peers") return parse_peers(fields);
  if (type == "inputs") return parse_inputs(fields);
  if (type == "prefetch") return parse_prefetch(fields);
  if (type == "hello") {
    Hello hello{fields.text("name", kHostNameLimit), fields.text("role", 16),
                static_cast<std::uint16_t>(fields.number("fetch_port", 65'535))};
    out = std::move(hello);
  } else if (type == "failed") {
    out = Failed{fields.text("what", kHostTextLimit)};
  } else if (type == "log") {
    out = NodeLog{fields.text("text", kHostTextLimit)};
  } else if (type == "bye") {
    out = Bye{fields.text("reason", kHostTextLimit)};
  } else if (type == "input-trouble") {
    const auto run = RunId::parse_hex(fields.text("run", 2 * RunId::kSize));
    if (!run) return within("input-trouble: run", run.error());
    out = InputTrouble{*run, fields.text("what", kHostTextLimit)};
  } else if (type == "drop") {
    const auto run = RunId::parse_hex(fields.text("run", 2 * RunId::kSize));
    if (!run) return within("drop: run", run.error());
    out = DropRun{*run};
  } else {
    return fail(ErrorCode::kUnsupported, "host message: unknown type");
  }
  BRUME_TRY(fields.done("host message"));
  return out;
}

std::string cut(std::string text) {
  if (text.size() > kHostTextLimit) text.resize(kHostTextLimit);
  return text;
}

}  // namespace

Bytes encode_host_message(const HostMessage& message) {
  HostMessage shown = message;
  if (auto* failed = std::get_if<Failed>(&shown)) failed->what = cut(std::move(failed->what));
  if (auto* log = std::get_if<NodeLog>(&shown)) log->text = cut(std::move(log->text));
  if (auto* trouble = std::get_if<InputTrouble>(&shown)) trouble->what = cut(std::move(trouble->what));
  if (auto* bye = std::get_if<Bye>(&shown)) bye->reason = cut(std::move(bye->reason));
  const Json json = std::visit([](const auto& m) { return to_json(m); }, shown);
  // Bytes that are no UTF-8 are replaced: a log line must not end a node.
  return to_bytes(as_bytes(json_text(json)));
}

Result<HostMessage> parse_host_message(ByteView bytes) {
  const Json json = Json::parse(as_chars(bytes), nullptr, false);
  if (json.is_discarded()) return malformed("host message: no JSON");
  return parse_fields(json);
}

}  // namespace brume::transport
