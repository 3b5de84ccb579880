#include "measure/mountinfo.h"

#include <gtest/gtest.h>

namespace brume::measure {
namespace {

// As podman 4.3 with runc shows it, shortened.
constexpr std::string_view kPodman =
    "604 512 0:63 / / ro,relatime - overlay overlay rw,lowerdir=a,upperdir=b,workdir=c\n"
    "605 604 0:67 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n"
    "606 604 0:68 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755\n"
    "607 606 0:69 / /dev/pts rw,nosuid,noexec,relatime - devpts devpts rw,gid=5\n"
    "608 606 0:66 / /dev/mqueue rw,nosuid,nodev,noexec,relatime - mqueue mqueue rw\n"
    "609 604 0:70 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro\n"
    "610 609 0:71 / /sys/fs/cgroup ro - tmpfs cgroup rw,mode=755\n"
    "611 610 0:32 /libpod /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
    "612 604 0:25 /c/hosts /etc/hosts rw,relatime shared:9 master:1 - ext4 /dev/vda rw\n"
    "613 604 0:25 /brume/w1 /run/brume ro,relatime - tmpfs tmpfs rw\n"
    "614 605 0:68 /null /proc/kcore rw,nosuid - tmpfs tmpfs rw\n"
    "615 604 254:0 /scratch /var/lib/brume rw,relatime - ext4 /dev/vda rw\n";

std::string with_line(std::string_view line) { return std::string(kPodman) + std::string(line) + "\n"; }

Status check(std::string_view text) {
  auto mounts = parse_mountinfo(text);
  if (!mounts) return std::unexpected(mounts.error());
  return check_container_mounts(*mounts, 604);
}

TEST(MountInfo, AcceptsWhatPodmanMounts) {
  const auto mounts = parse_mountinfo(kPodman);
  ASSERT_TRUE(mounts.has_value());
  EXPECT_EQ(mounts->size(), 12u);
  EXPECT_EQ((*mounts)[8].target, "/etc/hosts");
  EXPECT_EQ((*mounts)[8].type, "ext4");
  EXPECT_TRUE(check(kPodman).has_value());
}

TEST(MountInfo, RefusesMountsOverTheImageByName) {
  for (const std::string_view target : {"/enclave/program", "/brume-node", "/enclave", "/var/lib", "/etc",
                                        "/etc/passwd", "/tmpx", "/", "/usr/share/run"}) {
    const auto checked = check(with_line("700 604 0:25 /x " + std::string(target) + " rw - ext4 /dev/vda rw"));
    ASSERT_FALSE(checked.has_value()) << target;
    EXPECT_NE(checked.error().what.find(target), std::string::npos);
  }
}

TEST(MountInfo, RefusesTypesThatDoNotBelongAtTheirTarget) {
  EXPECT_FALSE(check(with_line("700 604 0:25 /x /proc rw - ext4 /dev/vda rw")).has_value());
  EXPECT_FALSE(check(with_line("700 604 0:25 /x /proc/self rw - fuse fuse rw")).has_value());
  EXPECT_FALSE(check(with_line("700 604 0:25 /x /sys rw - tmpfs tmpfs rw")).has_value());
  EXPECT_FALSE(check(with_line("700 604 0:25 /x /dev rw - ext4 /dev/vda rw")).has_value());
}

TEST(MountInfo, RefusesAnotherRoot) {
  const auto mounts = parse_mountinfo(kPodman);
  ASSERT_TRUE(mounts.has_value());
  EXPECT_FALSE(check_container_mounts(*mounts, 605).has_value());
  EXPECT_FALSE(check_container_mounts({}, 604).has_value());
}

TEST(MountInfo, UndoesEscapes) {
  const auto mounts = parse_mountinfo("1 2 0:1 / /a\\040b\\134c rw - ext4 x rw\n");
  ASSERT_TRUE(mounts.has_value());
  EXPECT_EQ((*mounts)[0].target, "/a b\\c");
}

TEST(MountInfo, RefusesWhatDoesNotFollowTheFormat) {
  EXPECT_FALSE(parse_mountinfo("1 2 0:1 / / rw - ext4 x rw").has_value());
  EXPECT_FALSE(parse_mountinfo("1 2 0:1 / / rw ext4 x rw more\n").has_value());
  EXPECT_FALSE(parse_mountinfo("x 2 0:1 / / rw - ext4 x rw\n").has_value());
  EXPECT_FALSE(parse_mountinfo("1 2 0:1 / a rw - ext4 x rw\n").has_value());
  EXPECT_FALSE(parse_mountinfo("1 2 0:1 / /\\9 rw - ext4 x rw\n").has_value());
  EXPECT_FALSE(parse_mountinfo("1 2 0:1 / /\\000 rw - ext4 x rw\n").has_value());
  EXPECT_FALSE(parse_mountinfo("\n").has_value());
  std::string many;
  for (std::size_t i = 0; i <= kMountCountLimit; ++i) many += "1 2 0:1 / / rw - ext4 x rw\n";
  EXPECT_FALSE(parse_mountinfo(many).has_value());
}

}  // namespace
}  // namespace brume::measure
