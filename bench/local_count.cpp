// The whole way of a count in one process and one thread, without enclaves, seals and network:
// read, map each split, reduce each partition, merge, write. What is left when all else is free.
//
//   local_count [-s SPLIT_MIB] [-r PARTITIONS] [-p key=value] INPUT OUTPUT
#include <brume/output_format.h>
#include <brume/program.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using brume::JobStatus;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "local_count: %s\n", why.c_str());
  std::exit(1);
}
void need(const JobStatus& status) {
  if (!status) die(status.error());
}

using Stream = std::vector<std::uint8_t>;

struct Streams final : brume::PartitionSink {
  std::vector<std::vector<Stream>> of_partition;  // each split's
  std::size_t bytes = 0;
  JobStatus write(std::uint32_t partition, std::span<const std::uint8_t> more) override {
    Stream& stream = of_partition[partition].back();
    stream.insert(stream.end(), more.begin(), more.end());
    bytes += more.size();
    return {};
  }
};

struct Collected final : brume::OutputSink {
  Stream bytes;
  JobStatus write(std::span<const std::uint8_t> more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
};

// Reads pieces that end at borders.
class Pieces {
 public:
  Pieces(int file, const brume::Borders& borders) : file_(file), borders_(borders), buffer_(kPiece) {}

  brume::Piece next() {
    offset_ += cut_;
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(cut_), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
              buffer_.begin());
    end_ -= cut_;
    cut_ = 0;
    for (;;) {
      if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
      const ssize_t got = read(file_, buffer_.data() + end_, buffer_.size() - end_);
      if (got < 0) die("read failed");
      end_ += static_cast<std::size_t>(got);
      cut_ = got == 0 ? end_ : borders_.last({buffer_.data(), end_}, offset_);
      if (got == 0 || cut_ > 0) break;
    }
    return {{buffer_.data(), cut_}, offset_};
  }

 private:
  static constexpr std::size_t kPiece = 1 << 20;
  int file_;
  const brume::Borders& borders_;
  std::vector<char> buffer_;
  std::size_t end_ = 0;
  std::size_t cut_ = 0;
  std::uint64_t offset_ = 0;
};

class LineFile {
 public:
  explicit LineFile(const char* path) : file_(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644)) {
    if (file_ < 0) die("cannot write the output");
    buffer_.reserve(kSize);
  }
  void put(std::string_view line) {
    if (buffer_.size() + line.size() > kSize) flush();
    buffer_.insert(buffer_.end(), line.begin(), line.end());
  }
  void flush() {
    for (std::size_t at = 0; at < buffer_.size();) {
      const ssize_t put = write(file_, buffer_.data() + at, buffer_.size() - at);
      if (put <= 0) die("write failed");
      at += static_cast<std::size_t>(put);
    }
    buffer_.clear();
  }

 private:
  static constexpr std::size_t kSize = 1 << 20;
  int file_;
  std::vector<char> buffer_;
};

// Memory holds everything here.
struct NoScratch final : brume::Scratch {
  brume::JobStatus write(std::span<const std::uint8_t>) override { die("a task is larger than its memory"); }
  std::expected<std::size_t, std::string> end_run() override { die("a task is larger than its memory"); }
  std::unique_ptr<brume::ByteSource> open(std::size_t, std::size_t) override { return nullptr; }
};

void merge_to(LineFile& file, std::vector<Collected>& outputs) {
  std::vector<brume::OutputReader> readers(outputs.size());
  std::vector<brume::OutputRecord> heads(outputs.size());
  std::vector<std::size_t> fed(outputs.size(), 0);
  std::vector<std::size_t> live;
  const auto advance = [&](std::size_t i) {
    for (;;) {
      const auto next = readers[i].next(heads[i]);
      if (next == brume::OutputReader::Next::kRecord) return true;
      if (next == brume::OutputReader::Next::kMalformed) die(readers[i].error());
      const std::size_t size = std::min<std::size_t>(256 * 1024, outputs[i].bytes.size() - fed[i]);
      if (size == 0) return false;
      readers[i].feed({outputs[i].bytes.data() + fed[i], size});
      fed[i] += size;
    }
  };
  const auto later = [&](std::size_t a, std::size_t b) {
    return brume::output_before(heads[b].rank, heads[b].key(), heads[a].rank, heads[a].key());
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (advance(i)) live.push_back(i);
  }
  std::make_heap(live.begin(), live.end(), later);
  while (!live.empty()) {
    std::pop_heap(live.begin(), live.end(), later);
    const std::size_t i = live.back();
    file.put(heads[i].line());
    if (advance(i)) {
      std::push_heap(live.begin(), live.end(), later);
    } else {
      live.pop_back();
    }
  }
  file.flush();
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t split_size = std::size_t{64} << 20;
  std::uint32_t partitions = 1;
  std::vector<brume::JobParameter> parameters;
  for (int option; (option = getopt(argc, argv, "s:r:p:")) != -1;) {
    const std::string value = optarg == nullptr ? "" : optarg;
    if (option == 's') split_size = std::stoull(value) << 20;
    if (option == 'r') partitions = static_cast<std::uint32_t>(std::stoul(value));
    if (option == 'p') parameters.push_back({value.substr(0, value.find('=')), value.substr(value.find('=') + 1)});
  }
  if (argc - optind != 2) die("usage: local_count [-s SPLIT_MIB] [-r PARTITIONS] [-p key=value] INPUT OUTPUT");
  NoScratch scratch;
  brume::JobProgram& program = *brume_job_program();
  brume::JobConfig config{parameters, partitions, {}, std::uint64_t{4} << 30};
  if (getrandom(config.hash_key.data(), config.hash_key.size(), 0) != 32) die("no randomness");
  need(program.configure(config));

  const int input = open(argv[optind], O_RDONLY);
  if (input < 0) die("cannot read the input");
  const double begin = cpu_seconds();
  Pieces pieces(input, program.borders());
  Streams streams;
  streams.of_partition.resize(partitions);
  std::size_t splits = 0;
  for (brume::Piece piece = pieces.next(); !piece.text.empty(); ++splits) {
    for (auto& of_split : streams.of_partition) of_split.emplace_back();
    auto task = program.new_map(scratch);
    for (std::size_t size = 0; size < split_size && !piece.text.empty(); piece = pieces.next()) {
      need(task->feed(piece, streams));
      size += piece.text.size();
    }
    need(task->finish(streams));
  }
  const double mapped = cpu_seconds();
  std::vector<Collected> outputs(partitions);
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    auto task = program.new_reduce(scratch);
    for (Stream& stream : streams.of_partition[partition]) {
      for (std::size_t at = 0; at < stream.size();) {
        const std::size_t size = std::min<std::size_t>(stream.size() - at, 256 * 1024);
        need(task->feed({stream.data() + at, size}));
        at += size;
      }
      need(task->end_of_stream());
    }
    need(task->finish(outputs[partition]));
  }
  const double reduced = cpu_seconds();
  LineFile file(argv[optind + 1]);
  merge_to(file, outputs);
  const double end = cpu_seconds();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("CPU s: map %.3f reduce %.3f merge %.3f total %.3f; splits %zu, shuffled %.1f MB, peak %.0f MB\n",
              mapped - begin, reduced - mapped, end - reduced, end - begin, splits,
              static_cast<double>(streams.bytes) / 1e6, static_cast<double>(usage.ru_maxrss) / 1024);
}
