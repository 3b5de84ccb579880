#include "tee/platform_protocol.h"

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"

namespace brume::tee {
namespace {

// A message's type is 1 + the index of its body in the variant; answers have bit 7 set.
constexpr std::uint8_t kAnswerBit = 0x80;
constexpr std::int32_t kLastErrorCode = static_cast<std::int32_t>(ErrorCode::kUsage);

bool flag(Reader& in) {
  const std::uint8_t value = in.u8();
  if (value > 1) in.fault();
  return value == 1;
}

std::string label(Reader& in) {
  std::string text = in.text(kLabelSizeLimit);
  if (!is_label(text)) in.fault();
  return text;
}

// No NUL: these become C strings.
std::string plain_text(Reader& in) {
  std::string text = in.text(kTextSizeLimit);
  if (text.find('\0') != text.npos) in.fault();
  return text;
}

std::vector<std::string> texts(Reader& in, std::size_t limit) {
  const std::uint32_t count = in.count(limit, 4);
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) out.push_back(plain_text(in));
  return out;
}

void put_texts(Writer& out, const std::vector<std::string>& texts) {
  out.u32le(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) out.text(text);
}

void read(Reader&, TargetInfoRequest&) {}
void write(Writer&, const TargetInfoRequest&) {}
void read(Reader&, ListRequest&) {}
void write(Writer&, const ListRequest&) {}
void read(Reader&, ShutdownRequest&) {}
void write(Writer&, const ShutdownRequest&) {}
void read(Reader&, Done&) {}
void write(Writer&, const Done&) {}

void read(Reader& in, LaunchRequest& out) {
  const std::uint8_t mode = in.u8();
  if (mode > static_cast<std::uint8_t>(LaunchMode::kSgxSim)) in.fault();
  out.mode = static_cast<LaunchMode>(mode);
  out.debug = flag(in);
}
void write(Writer& out, const LaunchRequest& in) { out.u8(static_cast<std::uint8_t>(in.mode)).u8(in.debug); }

void read(Reader& in, QuoteRequest& out) { out.report = in.array<kReportSize>(); }
void write(Writer& out, const QuoteRequest& in) { out.raw(in.report); }

void read(Reader& in, PrepareRequest& out) { out.label = label(in); }
void write(Writer& out, const PrepareRequest& in) { out.text(in.label); }
void read(Reader& in, StopRequest& out) { out.label = label(in); }
void write(Writer& out, const StopRequest& in) { out.text(in.label); }

void read(Reader& in, RegisterRequest& out) {
  out.label = label(in);
  out.pid = static_cast<std::int32_t>(in.u32le());
  if (out.pid <= 0) in.fault();
  out.stage = flag(in) ? ContainerStage::kStarted : ContainerStage::kCreated;
}
void write(Writer& out, const RegisterRequest& in) {
  out.text(in.label).u32le(static_cast<std::uint32_t>(in.pid)).u8(static_cast<std::uint8_t>(in.stage));
}

void read(Reader& in, SpawnRequest& out) {
  out.node.label = label(in);
  out.node.rootfs = plain_text(in);
  out.node.arguments = texts(in, kTextCountLimit);
  out.node.environment = texts(in, kTextCountLimit);
  const std::uint32_t count = in.count(kBindCountLimit, 9);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    BindMount bind;
    bind.source = plain_text(in);
    bind.target = plain_text(in);
    bind.writable = flag(in);
    out.node.binds.push_back(std::move(bind));
  }
  out.node.uid = in.u32le();
  out.node.gid = in.u32le();
  out.node.own_network = flag(in);
  out.node.cgroups = texts(in, kCgroupCountLimit);
  if (out.node.arguments.empty()) in.fault();
}
void write(Writer& out, const SpawnRequest& in) {
  out.text(in.node.label).text(in.node.rootfs);
  put_texts(out, in.node.arguments);
  put_texts(out, in.node.environment);
  out.u32le(static_cast<std::uint32_t>(in.node.binds.size()));
  for (const BindMount& bind : in.node.binds) out.text(bind.source).text(bind.target).u8(bind.writable);
  out.u32le(in.node.uid).u32le(in.node.gid).u8(in.node.own_network);
  put_texts(out, in.node.cgroups);
}

void read(Reader& in, Refused& out) {
  const std::uint8_t code = in.u8();
  if (code > kLastErrorCode) in.fault();
  out.code = static_cast<ErrorCode>(code);
  out.reason = in.text(kReasonSizeLimit);
}
void write(Writer& out, const Refused& in) {
  out.u8(static_cast<std::uint8_t>(in.code));
  out.text(std::string_view(in.reason).substr(0, kReasonSizeLimit));
}

void read(Reader& in, TargetInfoAnswer& out) { out.target_info = in.array<kTargetInfoSize>(); }
void write(Writer& out, const TargetInfoAnswer& in) { out.raw(in.target_info); }

void read(Reader& in, LaunchAnswer& out) {
  out.protections = in.u32le();
  out.measurement.bytes = in.array<32>();
  out.signer.bytes = in.array<32>();
  out.image.bytes = in.array<32>();
}
void write(Writer& out, const LaunchAnswer& in) {
  out.u32le(in.protections).raw(in.measurement.view()).raw(in.signer.view()).raw(in.image.view());
}

void read(Reader& in, QuoteAnswer& out) { out.quote = to_bytes(in.sized(kQuoteAnswerLimit)); }
void write(Writer& out, const QuoteAnswer& in) { out.sized(in.quote); }

void read(Reader& in, PrepareAnswer& out) { out.directory = plain_text(in); }
void write(Writer& out, const PrepareAnswer& in) { out.text(in.directory); }

void read(Reader& in, RegisterAnswer& out) { out.pristine = flag(in); }
void write(Writer& out, const RegisterAnswer& in) { out.u8(in.pristine); }

void read(Reader& in, SpawnAnswer& out) { out.pid = static_cast<std::int32_t>(in.u32le()); }
void write(Writer& out, const SpawnAnswer& in) { out.u32le(static_cast<std::uint32_t>(in.pid)); }

void read(Reader& in, ListAnswer& out) {
  const std::uint32_t count = in.count(kContainerCountLimit, 4 + 1 + 4 + 3 + 4 + 4 + 32);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    ContainerInfo info;
    info.label = label(in);
    info.pid = static_cast<std::int32_t>(in.u32le());
    info.alive = flag(in);
    info.spawned = flag(in);
    info.pristine = flag(in);
    info.enclave_count = in.u32le();
    info.exit_status = static_cast<std::int32_t>(in.u32le());
    info.image.bytes = in.array<32>();
    out.containers.push_back(std::move(info));
  }
}
void write(Writer& out, const ListAnswer& in) {
  out.u32le(static_cast<std::uint32_t>(in.containers.size()));
  for (const ContainerInfo& info : in.containers) {
    out.text(info.label).u32le(static_cast<std::uint32_t>(info.pid));
    out.u8(info.alive).u8(info.spawned).u8(info.pristine).u32le(info.enclave_count);
    out.u32le(static_cast<std::uint32_t>(info.exit_status)).raw(info.image.view());
  }
}

template <typename Variant, std::size_t I = 0>
bool read_body(Reader& in, std::size_t index, Variant& out) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return false;
  } else {
    if (index != I) return read_body<Variant, I + 1>(in, index, out);
    read(in, out.template emplace<I>());
    return true;
  }
}

// u8 version | u8 type | u16 zero | u32 id | body
template <typename Message>
Result<Message> parse_message(ByteView bytes, std::size_t limit, std::uint8_t type_bit, const char* what) {
  if (bytes.size() > limit) return fail(ErrorCode::kLimit, std::string(what) + ": too long");
  Reader in(bytes);
  if (in.u8() != kProtocolVersion) return fail(ErrorCode::kUnsupported, std::string(what) + ": version is not known");
  const std::uint8_t type = in.u8();
  if (in.u16le() != 0) in.fault();
  Message out;
  out.id = in.u32le();
  if (in.ok() && ((type & kAnswerBit) != type_bit || (type & 0x7f) == 0 ||
                  !read_body(in, static_cast<std::size_t>(type & 0x7f) - 1, out.body)))
    return fail(ErrorCode::kUnsupported, std::string(what) + ": type is not known");
  BRUME_TRY(in.done(what));
  return out;
}

template <typename Message>
Bytes encode_message(const Message& message, std::uint8_t type_bit) {
  Writer out;
  const auto type = static_cast<std::uint8_t>((message.body.index() + 1) | type_bit);
  out.u8(kProtocolVersion).u8(type).u16le(0).u32le(message.id);
  std::visit([&](const auto& body) { write(out, body); }, message.body);
  return out.take();
}

}  // namespace

bool is_label(std::string_view text) {
  if (text.empty() || text.size() > kLabelSizeLimit || text.front() == '.') return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

Result<Request> parse_request(ByteView message) {
  return parse_message<Request>(message, kRequestSizeLimit, 0, "platform request");
}
Bytes encode_request(const Request& request) { return encode_message(request, 0); }

Result<Answer> parse_answer(ByteView message) {
  return parse_message<Answer>(message, kAnswerSizeLimit, kAnswerBit, "platform answer");
}
Bytes encode_answer(const Answer& answer) { return encode_message(answer, kAnswerBit); }

}  // namespace brume::tee
