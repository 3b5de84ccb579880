// The frames between a node and its enclave: types and payload layouts, all little-endian.
// Parsing refuses wrong sizes and trailing bytes; what the values claim is not checked here.
#pragma once

#include "abi/boot.h"
#include "base/ids.h"
#include "base/result.h"

namespace brume::abi {

// Host to enclave.
enum class ToEnclave : std::uint16_t {
  kStart = 1,  // Start
  kNet = 2,    // TLS bytes from the master
  kNetClosed = 3,
  kQuote = 4,         // id of the request; a quote
  kQuoteRefused = 5,  // id of the request; text
  kInput = 6,         // id of the fetch; whole consecutive sealed age chunks
  kBlock = 7,         // id of the fetch; sealed blocks, each with its u32 size before it
  kFetchEnd = 8,      // id of the fetch
  kFetchFailed = 9,   // id of the fetch; text
  kStop = 10,
};

// Enclave to host.
enum class ToHost : std::uint16_t {
  kNetOut = 65,  // TLS bytes for the master
  kNetShutdown = 66,
  kQuoteRequest = 67,  // id; report, 432 bytes
  kFetchInput = 68,    // id; InputRange
  kFetchStream = 69,   // id; StreamPart, u32 node id
  kPutBlock = 70,      // StreamName; sealed blocks, each with its u32 size before it
  kPutEnd = 71,        // StreamName
  kDropRun = 72,       // run id
  kReady = 73,         // the program runs and waits for kStart
  kLog = 74,           // a static text of the program: never data
  kDropStream = 75,    // StreamName: nobody reads it any more
};

inline constexpr std::size_t kRoleLimit = 32;       // the longest role name is 7
inline constexpr std::size_t kNodeNameLimit = 255;  // a host name
inline constexpr std::size_t kTextLimit = 1024;     // a reason, for people

struct Start {
  std::string role;       // claimed_; worker, mapper or reducer
  std::string node_name;  // claimed_
  Tee tee = Tee::kNone;
  Bytes qe_target_info;  // 512 bytes, or empty where there is no quoting enclave
};
// sized role | sized node name | u8 tee | sized target info
Bytes encode_start(const Start& start);
Result<Start> parse_start(ByteView payload);

// kScratch: what a task keeps at its own host, partition by partition as it was written.
enum class Stage : std::uint8_t { kMap = 1, kStitch = 2, kOutput = 3, kScratch = 4 };

// One attempt's stream of one partition of one split. 57 bytes: run 16 | u8 stage | u32 split |
// u32 partition | salt 32.
struct StreamName {
  RunId run;
  Stage stage = Stage::kMap;
  std::uint32_t split = 0;
  std::uint32_t partition = 0;
  Salt salt;
  friend auto operator<=>(const StreamName&, const StreamName&) = default;
};
inline constexpr std::size_t kStreamNameSize = 57;
Bytes encode_stream_name(const StreamName& name);
Result<StreamName> parse_stream_name(ByteView bytes);  // exactly kStreamNameSize

struct InputRange {
  RunId run;
  std::uint64_t first_chunk = 0;
  std::uint64_t chunk_count = 0;
  friend bool operator==(const InputRange&, const InputRange&) = default;
};
// run 16 | u64 first | u64 count
Bytes encode_input_range(const InputRange& range);
Result<InputRange> parse_input_range(ByteView payload);

// Whole blocks of a stream, from `offset` on, where one of them begins; the bytes count as they were put, sizes
// included. As many as it takes to have `size` bytes, and at least one; all of them where it is 0.
struct StreamPart {
  StreamName name;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const StreamPart&, const StreamPart&) = default;
};
// name | u64 offset | u64 size
Bytes encode_stream_part(const StreamPart& part);
Result<StreamPart> parse_stream_part(ByteView bytes);

struct FetchStream {
  StreamPart part;
  NodeId holder;  // 0: the node itself
  friend bool operator==(const FetchStream&, const FetchStream&) = default;
};
Bytes encode_fetch_stream(const FetchStream& fetch);
Result<FetchStream> parse_fetch_stream(ByteView payload);

// kPutBlock, split into its name and the rest; the blocks are not looked at.
struct PutBlock {
  StreamName name;
  ByteView blocks;
};
Result<PutBlock> parse_put_block(ByteView payload);

// The u32 size before each block.
inline constexpr std::uint64_t kBlockFraming = 4;
// A stream as it is sent.
constexpr std::uint64_t framed_size(std::uint64_t sealed_size, std::uint64_t block_count) {
  return sealed_size + kBlockFraming * block_count;
}
// Cuts `blocks` at its u32 sizes. Refuses an empty block, one over `block_limit` and a cut one.
Result<std::vector<ByteView>> split_blocks(ByteView blocks, std::size_t block_limit);

}  // namespace brume::abi
