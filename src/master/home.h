// $BRUME_HOME: where everything of one owner and his clusters lies. Several homes stand side by side.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "crypto/ec.h"
#include "crypto/rsa.h"

namespace brume::master {

struct Home {
  std::filesystem::path root;

  // $BRUME_HOME, else $XDG_STATE_HOME/brume, else ~/.local/state/brume. Refuses relative paths and paths
  // that are too long to hold a Unix socket.
  static Result<Home> from_environment();

  // The owner's secrets. The master key is what enclaves pin; the signer key signs images; the
  // identity (age) opens inputs that are sealed for the cluster.
  std::filesystem::path master_key() const { return root / "owner" / "master.key"; }
  std::filesystem::path signer_key() const { return root / "owner" / "signer.key"; }
  std::filesystem::path identity() const { return root / "owner" / "identity.age"; }
  // The simulated platform: its root (owner), its keys and its sockets (host).
  std::filesystem::path platform() const { return root / "platform"; }
  // The one cluster of this home.
  std::filesystem::path cluster() const { return root / "cluster"; }
  std::filesystem::path cluster_spec() const { return cluster() / "cluster.json"; }
  std::filesystem::path policy() const { return cluster() / "policy.toml"; }
  std::filesystem::path master_socket() const { return cluster() / "master.sock"; }
  std::filesystem::path master_log() const { return cluster() / "master.log"; }
  std::filesystem::path audit_log() const { return cluster() / "audit.jsonl"; }
  std::filesystem::path node(const std::string& name) const { return cluster() / "nodes" / name; }
  std::filesystem::path runs() const { return root / "runs"; }
  std::filesystem::path images() const { return root / "images"; }
  // Programs that `brume run --local FOLDER` compiled.
  std::filesystem::path local_jobs() const { return root / "local"; }
};

// Made at first use, mode 0600; never overwritten.
Result<crypto::EcKey> load_or_make_master_key(const Home& home);
Result<crypto::Rsa3072Key> load_or_make_signer_key(const Home& home);

// Small files of our own. write_private_file is atomic (files/atomic_file.h), mode 0600, and replaces a link itself.
// Flush: now, with fsync; or when the system does, for what is worth no more than a result beside it, which fsync would
// write to the disk, too.
enum class Flush : std::uint8_t { kNow, kLater };
Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit_size);
Status write_private_file(const std::filesystem::path& path, std::string_view content, Flush flush = Flush::kNow);
// The same of what is made once: where a file is there already, it stays, and that is no error. Read it back.
Status write_private_file_once(const std::filesystem::path& path, std::string_view content);
Status make_private_folder(const std::filesystem::path& path);

}  // namespace brume::master
