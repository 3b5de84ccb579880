// Any text gives clean targets or an error; the check never accepts a mount outside an engine's.
#include "base/check.h"
#include "measure/mountinfo.h"
#include "measure/rootfs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto mounts = brume::measure::parse_mountinfo(brume::as_chars({data, size}));
  if (!mounts) return 0;
  const bool accepted = brume::measure::check_container_mounts(*mounts, 1).has_value();
  for (const auto& mount : *mounts) {
    BRUME_CHECK(mount.target.starts_with('/'));
    BRUME_CHECK(!accepted || mount.target == "/" || brume::measure::is_mount_point_of_engine(mount.target));
  }
  return 0;
}
