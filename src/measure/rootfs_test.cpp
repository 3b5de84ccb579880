#include "measure/rootfs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "crypto/hash.h"
#include "measure/sigstruct.h"

namespace brume::measure {
namespace {

namespace fs = std::filesystem;

RootfsEntry directory(std::string path) { return {std::move(path), EntryType::kDirectory, 0755, 0, 0, 0, {}, {}}; }
RootfsEntry file(std::string path, std::string_view text) {
  return {std::move(path), EntryType::kFile, 0644, 0, 0, text.size(), crypto::sha256(as_bytes(text)), {}};
}
RootfsEntry symlink(std::string path, std::string target) {
  return {std::move(path), EntryType::kSymlink, 0777, 0, 0, 0, {}, std::move(target)};
}

std::vector<RootfsEntry> small_image() {
  return {file("/brume-node", "node"), directory("/enclave"), file("/enclave/program", "program"), directory("/etc"),
          symlink("/latest", "enclave/program")};
}

TEST(RootfsEntries, DigestDoesNotDependOnTheOrderGiven) {
  auto entries = small_image();
  const auto digest = digest_entries(entries);
  ASSERT_TRUE(digest.has_value()) << digest.error().what;
  std::ranges::reverse(entries);
  EXPECT_EQ(*digest_entries(entries), *digest);
}

// Written out by hand from docs/formats/image-digest.md.
TEST(RootfsEntries, EncodesAsTheFormatPageSays) {
  const auto encoded = encode_entries({symlink("/a", "b")});
  ASSERT_TRUE(encoded.has_value());
  EXPECT_EQ(to_hex(*encoded),
            "0e000000"
            "6272756d652d726f6f7466732f31"
            "01000000"
            "03"
            "02000000"
            "2f61"
            "ff010000"
            "00000000"
            "00000000"
            "0000000000000000" +
                std::string(64, '0') +
                "01000000"
                "62");
}

TEST(RootfsEntries, EveryFieldCounts) {
  const auto base = digest_entries(small_image());
  ASSERT_TRUE(base.has_value());
  const auto differs = [&](auto change) {
    auto entries = small_image();
    change(entries);
    const auto digest = digest_entries(entries);
    return digest.has_value() && *digest != *base;
  };
  EXPECT_TRUE(differs([](auto& e) { e[0].mode = 04644; }));
  EXPECT_TRUE(differs([](auto& e) { e[0].uid = 1; }));
  EXPECT_TRUE(differs([](auto& e) { e[0].gid = 1; }));
  EXPECT_TRUE(differs([](auto& e) { e[0].size += 1; }));
  EXPECT_TRUE(differs([](auto& e) { e[0].content.bytes[31] ^= 1; }));
  EXPECT_TRUE(differs([](auto& e) { e[0].path = "/brume-nodf"; }));
  EXPECT_TRUE(differs([](auto& e) { e[4].target = "enclave/programs"; }));
  EXPECT_TRUE(differs([](auto& e) { e.pop_back(); }));
  EXPECT_TRUE(differs([](auto& e) { e.push_back(directory("/empty")); }));
}

TEST(RootfsEntries, RefusesWhatIsNotATree) {
  const auto refused = [](std::vector<RootfsEntry> entries) { return !digest_entries(std::move(entries)).has_value(); };
  EXPECT_TRUE(refused({file("/a", ""), file("/a", "")}));
  EXPECT_TRUE(refused({file("/a/b", "")}));
  EXPECT_TRUE(refused({file("/a", ""), file("/a/b", "")}));
  EXPECT_TRUE(refused({file("a", "")}));
  EXPECT_TRUE(refused({file("/", "")}));
  EXPECT_TRUE(refused({directory("/a/")}));
  EXPECT_TRUE(refused({directory("/a"), file("/a//b", "")}));
  EXPECT_TRUE(refused({directory("/a"), file("/a/..", "")}));
  EXPECT_TRUE(refused({file(std::string("/a\0b", 4), "")}));
  EXPECT_TRUE(refused({file("/" + std::string(256, 'n'), "")}));
  EXPECT_TRUE(refused({symlink("/a", "")}));
  auto odd_mode = file("/a", "");
  odd_mode.mode = 0100644;
  EXPECT_TRUE(refused({odd_mode}));
  auto directory_with_size = directory("/a");
  directory_with_size.size = 1;
  EXPECT_TRUE(refused({directory_with_size}));
}

TEST(RootfsEntries, EngineMountPointsDoNotCountButOtherTypesThereDo) {
  const auto base = digest_entries(small_image());
  const auto with = [](RootfsEntry extra) {
    auto entries = small_image();
    entries.push_back(std::move(extra));
    return digest_entries(std::move(entries));
  };
  EXPECT_EQ(*with(directory("/tmp")), *base);
  EXPECT_EQ(*with(file("/etc/hosts", "127.0.0.1 here")), *base);
  EXPECT_EQ(*with(symlink("/etc/mtab", "../proc/mounts")), *base);
  EXPECT_EQ(*with(file("/.dockerenv", "")), *base);
  EXPECT_NE(*with(symlink("/tmp", "/enclave")), *base);
  EXPECT_NE(*with(symlink("/etc/hosts", "/enclave/program")), *base);
  EXPECT_NE(*with(symlink("/etc/mtab", "/enclave/program")), *base);
  EXPECT_NE(*with(file("/.dockerenv", "x")), *base);
  EXPECT_NE(*with(file("/etc/passwd", "")), *base);
  EXPECT_NE(*with(directory("/tmpfiles")), *base);
}

TEST(RootfsEntries, ParsesWhatItEncodesAndNothingShorterOrLonger) {
  const auto encoded = encode_entries(small_image());
  ASSERT_TRUE(encoded.has_value());
  const auto entries = parse_entries(*encoded);
  ASSERT_TRUE(entries.has_value());
  EXPECT_EQ(*encode_entries(*entries), *encoded);
  for (std::size_t size = 0; size < encoded->size(); ++size)
    EXPECT_FALSE(parse_entries(ByteView(*encoded).first(size)).has_value()) << size;
  Bytes longer = *encoded;
  longer.push_back(0);
  EXPECT_FALSE(parse_entries(longer).has_value());
}

// A directory on disk that looks like an unpacked image.
class RootfsWalk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "brume-rootfs-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    fs::create_directories(root_ / "enclave");
    fs::create_directories(root_ / "etc");
    for (const char* mount_point : {"dev", "proc", "sys", "tmp", "run/brume", "var/lib/brume"})
      fs::create_directories(root_ / mount_point);
    write("brume-node", "node");
    write("enclave/program", "program bytes");
    write("enclave/sigstruct", std::string(kSigstructSize, 's'));
    write("etc/hosts", "");
    fs::create_symlink("enclave/program", root_ / "latest");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(root_ / name, std::ios::binary) << text;
    ASSERT_EQ(::chmod((root_ / name).c_str(), 0755), 0);
  }
  Result<RootfsDigest> measure(const RootfsOptions& options = {}) const {
    const UniqueFd fd(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return measure_rootfs(fd.get(), options);
  }
  ImageDigest digest() const {
    auto measured = measure();
    EXPECT_TRUE(measured.has_value()) << measured.error().what;
    return measured ? measured->digest : ImageDigest{};
  }

  fs::path root_;
};

TEST_F(RootfsWalk, EqualsThePureDigestAndKeepsTheBytesItHashed) {
  const auto measured = measure();
  ASSERT_TRUE(measured.has_value()) << measured.error().what;
  EXPECT_EQ(*digest_entries(measured->entries), measured->digest);
  EXPECT_EQ(as_chars(measured->program), "program bytes");
  EXPECT_EQ(measured->sigstruct.size(), kSigstructSize);
  EXPECT_TRUE(measured->node.has_value());
  // brume-node, enclave and its two files, etc, latest, var, var/lib.
  EXPECT_EQ(measured->entries.size(), 8u);
}

TEST_F(RootfsWalk, EveryChangeGivesAnotherDigest) {
  const ImageDigest base = digest();
  const auto changed = [&](const char* what, auto change, auto undo) {
    change();
    EXPECT_NE(digest(), base) << what;
    undo();
    EXPECT_EQ(digest(), base) << what;
  };
  changed(
      "byte", [&] { write("enclave/program", "program bytez"); }, [&] { write("enclave/program", "program bytes"); });
  changed(
      "mode", [&] { ::chmod((root_ / "brume-node").c_str(), 0755 | S_ISUID); },
      [&] { ::chmod((root_ / "brume-node").c_str(), 0755); });
  changed("extra file", [&] { write("enclave/more", ""); }, [&] { fs::remove(root_ / "enclave/more"); });
  changed("missing file", [&] { fs::remove(root_ / "brume-node"); }, [&] { write("brume-node", "node"); });
  changed(
      "rename", [&] { fs::rename(root_ / "brume-node", root_ / "brume-nod"); },
      [&] { fs::rename(root_ / "brume-nod", root_ / "brume-node"); });
  changed("empty directory", [&] { fs::create_directory(root_ / "void"); }, [&] { fs::remove(root_ / "void"); });
  changed(
      "link target",
      [&] {
        fs::remove(root_ / "latest");
        fs::create_symlink("enclave/programs", root_ / "latest");
      },
      [&] {
        fs::remove(root_ / "latest");
        fs::create_symlink("enclave/program", root_ / "latest");
      });
  changed(
      "hard link", [&] { fs::create_hard_link(root_ / "brume-node", root_ / "twin"); },
      [&] { fs::remove(root_ / "twin"); });
  if (::geteuid() != 0) GTEST_SKIP() << "changing an owner needs root";
  changed(
      "owner", [&] { ASSERT_EQ(::chown((root_ / "brume-node").c_str(), 7, 0), 0); },
      [&] {
        ASSERT_EQ(::chown((root_ / "brume-node").c_str(), 0, 0), 0);
        ::chmod((root_ / "brume-node").c_str(), 0755);
      });
}

TEST_F(RootfsWalk, TimesAndExcludedFilesDoNotCount) {
  const ImageDigest base = digest();
  fs::last_write_time(root_ / "brume-node", fs::file_time_type::clock::now() - std::chrono::hours(1000));
  write("tmp/anything", "x");
  write("run/.containerenv", "x");
  write("etc/hosts", "10.0.0.1 master");
  EXPECT_EQ(digest(), base);
}

TEST_F(RootfsWalk, RefusesDevicesFifosAndSocketsByName) {
  ASSERT_EQ(::mkfifo((root_ / "enclave/pipe").c_str(), 0600), 0);
  const auto measured = measure();
  ASSERT_FALSE(measured.has_value());
  EXPECT_NE(measured.error().what.find("/enclave/pipe"), std::string::npos);
}

TEST_F(RootfsWalk, RefusesFileCapabilities) {
  if (::geteuid() != 0) GTEST_SKIP() << "setting security.capability needs root";
  const ByteArray<20> capability = {1, 0, 0, 2, 0, 4};
  if (::setxattr((root_ / "brume-node").c_str(), "security.capability", capability.data(), capability.size(), 0) != 0)
    GTEST_SKIP() << "this file system takes no security.capability";
  const auto measured = measure();
  ASSERT_FALSE(measured.has_value());
  EXPECT_NE(measured.error().what.find("security.capability"), std::string::npos);
}

TEST_F(RootfsWalk, MapsOwnersAndRefusesOwnersTheContainerDoesNotHave) {
  RootfsOptions shifted;
  shifted.map_uid = [](std::uint32_t uid) { return uid + 1000; };
  const auto mapped = measure(shifted);
  ASSERT_TRUE(mapped.has_value());
  EXPECT_EQ(mapped->entries[0].uid, ::geteuid() + 1000);
  RootfsOptions nobody;
  nobody.map_gid = [](std::uint32_t) { return std::nullopt; };
  EXPECT_FALSE(measure(nobody).has_value());
}

TEST_F(RootfsWalk, EndsAtItsDeadline) {
  RootfsOptions options;
  options.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  const auto measured = measure(options);
  ASSERT_FALSE(measured.has_value());
  EXPECT_EQ(measured.error().code, ErrorCode::kLimit);
}

// Runs in a child with a mount namespace of its own; exit code 77 says that it could not have one.
int in_own_mount_namespace(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(77);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(RootfsWalk, RefusesAMountOverAnImageFileButNotAtAnEnginesMountPoint) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const ImageDigest base = digest();
  const auto bind = [&](const char* over) {
    const std::string other = (root_ / "tmp/other").string();
    std::ofstream(other) << "other";
    return ::mount(other.c_str(), (root_ / over).c_str(), nullptr, MS_BIND, nullptr) == 0;
  };
  const int over_program = in_own_mount_namespace([&] {
    if (!bind("enclave/program")) return 1;
    const auto measured = measure();
    if (measured.has_value()) return 2;
    return measured.error().what == "/enclave/program: mount over the image" ? 0 : 3;
  });
  if (over_program == 77) GTEST_SKIP() << "no mount namespace to be had";
  EXPECT_EQ(over_program, 0);
  EXPECT_EQ(in_own_mount_namespace([&] { return bind("etc/hosts") && digest() == base ? 0 : 1; }), 0);
  EXPECT_EQ(in_own_mount_namespace([&] {
              if (::mount("tmpfs", (root_ / "enclave").c_str(), "tmpfs", 0, nullptr) != 0) return 1;
              return measure().has_value() ? 2 : 0;
            }),
            0);
}

// A name that flips between a file and a symlink to a file elsewhere must never be hashed as that
// other file: the walk gives an error, the link itself, or the file that stood there.
TEST_F(RootfsWalk, AFileSwappedForASymlinkIsNeverFollowed) {
  write("tmp/elsewhere", "the good program");
  write("evil", "evil");
  const Sha256Digest good = crypto::sha256(as_bytes("the good program"));
  const std::string name = (root_ / "evil").string();
  const std::string spare = (root_ / "tmp/spare").string();
  fs::create_symlink(root_ / "tmp/elsewhere", spare);
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) ::renameat2(AT_FDCWD, name.c_str(), AT_FDCWD, spare.c_str(), RENAME_EXCHANGE);
  });
  for (int i = 0; i < 300; ++i) {
    const auto measured = measure();
    if (!measured) continue;
    for (const RootfsEntry& entry : measured->entries) EXPECT_NE(entry.content, good) << entry.path;
  }
  stop = true;
  swapper.join();
}

}  // namespace
}  // namespace brume::measure
