// Any files: each is told once, in order; problems name files that are there; nothing is made that was not in a file.
// The input is files one after the other, each a length (u16) and its bytes.
#include "base/check.h"
#include "base/reader.h"
#include "evidence/assemble.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  Reader reader(ByteView(data, size));
  std::vector<evidence::NamedFile> files;
  std::size_t total = 0;
  while (reader.remaining() > 2 && files.size() < 12) {
    const ByteView bytes = reader.take(std::min<std::size_t>(reader.u16le(), reader.remaining()));
    files.push_back({std::to_string(files.size()), evidence::recognise(bytes)});
    total += bytes.size();
  }
  const evidence::Folder folder = evidence::assemble(files, 1'781'524'800'000);
  BRUME_CHECK(folder.uses.size() == files.size());
  for (std::size_t i = 0; i < files.size(); ++i) BRUME_CHECK(folder.uses[i].name == files[i].name);
  for (const auto& problem : folder.problems) BRUME_CHECK(std::stoul(problem.file) < files.size());
  BRUME_CHECK(folder.dcap.size() <= 64 && folder.quotes.size() <= files.size());
  BRUME_CHECK(folder.tpm.signature.size() <= total && folder.tpm.event_log.size() <= total);
  return 0;
}
