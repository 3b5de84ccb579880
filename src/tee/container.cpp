#include "tee/container.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

namespace brume::tee {
namespace {

measure::RootfsOptions options_for(const OwnerMaps& owners, const std::atomic<bool>* cancelled) {
  measure::RootfsOptions options;
  options.map_uid = [&owners](std::uint32_t outside) { return owners.uid.inside(outside); };
  options.map_gid = [&owners](std::uint32_t outside) { return owners.gid.inside(outside); };
  options.cancelled = cancelled;
  options.deadline = std::chrono::steady_clock::now() + kMeasureLimit;
  return options;
}

// An engine's program still waits where the image's first program will be: it comes from no mount
// of the container.
Status check_not_started(pid_t pid, const std::vector<measure::Mount>& mounts) {
  BRUME_ASSIGN(const MountedFile program, program_of(pid));
  if (std::ranges::find(mounts, program.mount_id, &measure::Mount::id) == mounts.end()) return {};
  return fail(ErrorCode::kState, "container: said to be only created, but its first process runs a program of its own");
}

Status check_not_host(const ProcessIdentity& identity) {
  BRUME_ASSIGN(const ProcessIdentity own, identity_of(::getpid()));
  if (identity.mount_namespace == own.mount_namespace || identity.root.file == own.root.file)
    return fail(ErrorCode::kUsage, "container: the process is in the host's own mount namespace or root");
  return {};
}

Result<UniqueFd> open_in_image(const UniqueFd& root, std::string_view path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  const std::string name(path.substr(1));
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, root.get(), name.c_str(), &how, sizeof how)));
  if (!fd) return fail(ErrorCode::kNotFound, std::string(path) + ": " + strerrordesc_np(errno));
  return fd;
}

Result<Bytes> read_in_image(const UniqueFd& root, std::string_view path) {
  BRUME_ASSIGN(const UniqueFd fd, open_in_image(root, path));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(ErrorCode::kUnsupported, std::string(path) + ": not a regular file");
  Bytes out;
  Bytes piece(256u << 10);
  for (;;) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorCode::kIo, std::string(path) + ": " + strerrordesc_np(errno));
    if (got == 0) return out;
    append(out, ByteView(piece.data(), static_cast<std::size_t>(got)));
    if (out.size() > measure::kProgramSizeLimit) return fail(ErrorCode::kLimit, std::string(path) + ": too large");
  }
}

}  // namespace

Result<Registration> register_process(pid_t pid, ContainerStage stage) {
  Registration out;
  out.pid = pid;
  BRUME_ASSIGN(out.init, open_pidfd(pid));
  BRUME_ASSIGN(out.identity, identity_of(pid));
  BRUME_TRY(check_not_host(out.identity));
  BRUME_ASSIGN(out.root, open_root_of(pid));
  BRUME_ASSIGN(const MountedFile root, mounted_file(out.root.get()));
  if (root != out.identity.root) return fail(ErrorCode::kState, "container: its root changed under the registration");
  BRUME_ASSIGN(out.owners, owner_maps_of(pid));
  if (stage == ContainerStage::kCreated) {
    BRUME_ASSIGN(const auto mounts, mounts_of(pid));
    BRUME_TRY(check_not_started(pid, mounts));
    BRUME_TRY(measure::check_container_mounts(mounts, root.mount_id));
    BRUME_ASSIGN(const auto measured, measure::measure_rootfs(out.root.get(), options_for(out.owners, nullptr)));
    BRUME_TRY(check_not_started(pid, mounts));
    out.pristine_image = measured.digest;
  }
  if (!is_alive(out.init)) return fail(ErrorCode::kUnavailable, "container: its first process has ended");
  return out;
}

Status check_peer(const Registration& registration, const Peer& peer) {
  BRUME_ASSIGN(const ProcessIdentity identity, identity_of(peer.pid));
  BRUME_TRY(check_same_container(registration.identity, identity));
  // Last: while both live, their pids meant them all along.
  if (!is_alive(peer.pidfd)) return fail(ErrorCode::kUnavailable, "peer has ended");
  if (!is_alive(registration.init)) return fail(ErrorCode::kUnavailable, "the container's first process has ended");
  return {};
}

Result<LaunchImage> measure_for(const Registration& registration, const Peer& peer,
                                const std::atomic<bool>& cancelled) {
  BRUME_TRY(check_peer(registration, peer));
  BRUME_ASSIGN(auto measured,
               measure::measure_rootfs(registration.root.get(), options_for(registration.owners, &cancelled)));
  if (registration.pristine_image && measured.digest != *registration.pristine_image)
    return fail(ErrorCode::kAuthFailed, "image: changed since the container was registered");
  if (measured.program.empty() || measured.sigstruct.empty())
    return fail(ErrorCode::kNotFound, "image: no /enclave/program or /enclave/sigstruct");
  BRUME_ASSIGN(const MountedFile program, program_of(peer.pid));
  if (!measured.node || program.file != *measured.node || program.mount_id != registration.identity.root.mount_id)
    return fail(ErrorCode::kAuthFailed, "peer does not run the image's /brume-node");
  BRUME_ASSIGN(const auto mounts, mounts_of(peer.pid));
  BRUME_TRY(measure::check_container_mounts(mounts, registration.identity.root.mount_id));
  BRUME_TRY(check_peer(registration, peer));
  return LaunchImage{std::move(measured.program), std::move(measured.sigstruct), measured.digest};
}

Result<LaunchImage> read_for(const Registration& registration, const Peer& peer) {
  BRUME_TRY(check_peer(registration, peer));
  BRUME_ASSIGN(Bytes program, read_in_image(registration.root, measure::kProgramPath));
  auto sigstruct = read_in_image(registration.root, measure::kSigstructPath);
  return LaunchImage{std::move(program), sigstruct ? std::move(*sigstruct) : Bytes{}, {}};
}

Status Container::set(Registration registration, bool spawned) {
  const std::lock_guard lock(mutex_);
  if (registration_) return fail(ErrorCode::kState, "container: is registered already");
  info_.pid = registration.pid;
  info_.spawned = spawned;
  info_.pristine = registration.pristine_image.has_value();
  if (registration.pristine_image) info_.image = *registration.pristine_image;
  registration_ = std::make_shared<const Registration>(std::move(registration));
  changed_.notify_all();
  return {};
}

std::shared_ptr<const Registration> Container::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return registration_ || stopped_; });
  return stopped_ ? nullptr : registration_;
}

std::shared_ptr<const Registration> Container::get() const {
  const std::lock_guard lock(mutex_);
  return registration_;
}

bool Container::may_launch() {
  const std::lock_guard lock(mutex_);
  return launches_.take(std::chrono::steady_clock::now());
}

bool Container::may_quote() {
  const std::lock_guard lock(mutex_);
  return quotes_.take(std::chrono::steady_clock::now());
}

void Container::note_image(const ImageDigest& image) {
  const std::lock_guard lock(mutex_);
  info_.image = image;
}

void Container::note_exit(int status) {
  const std::lock_guard lock(mutex_);
  info_.exit_status = status;
  exited_ = true;
  changed_.notify_all();
}

void Container::add_enclaves(int count) {
  const std::lock_guard lock(mutex_);
  info_.enclave_count += static_cast<std::uint32_t>(count);
}

ContainerInfo Container::info() const {
  const std::lock_guard lock(mutex_);
  ContainerInfo out = info_;
  out.label = label_;
  out.alive = registration_ && !exited_;
  return out;
}

bool Container::spawned() const {
  const std::lock_guard lock(mutex_);
  return info_.spawned;
}

bool Container::exited() const {
  const std::lock_guard lock(mutex_);
  return exited_;
}

void Container::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace brume::tee
