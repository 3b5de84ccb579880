#include "cli/sealed_inputs.h"

#include <filesystem>

#include "cli/age_files.h"
#include "cli/cluster.h"
#include "mapreduce/descriptor.h"
#include "master/input_file.h"

namespace brume::cli {
namespace {

namespace fs = std::filesystem;
using master::InputName;
using nlohmann::json;

// Nodes see only what 'brume up' showed them.
Status check_share_of(const InputName& name, const std::vector<std::string>& shares) {
  if (name.kind != InputName::Kind::kShared) return {};
  for (const std::string& share : shares)
    if (name.text.starts_with(share + "/")) return {};
  return fail(ErrorCode::kUsage, name.shown() +
                                     ": is in no folder that the cluster's nodes see; start it with 'brume up "
                                     "--share FOLDER', where FOLDER is at the same path on every host");
}

// As its pin may name it.
std::string shown_place(const InputName& name, const std::string& place) {
  if (name.kind == InputName::Kind::kFile) return place;
  return name.kind == InputName::Kind::kShared ? name.text : name.shown();
}

}  // namespace

Result<json> SealedInputs::add(const char* what, const std::vector<files::NamedPath>& paths) {
  json out = json::array();
  for (const files::NamedPath& path : paths) {
    if (path.path == "-")
      return fail(ErrorCode::kUsage, std::string(what) +
                                         " -: hosts read a part each of what a cluster gets: name a file (standard "
                                         "input is for --local)");
    BRUME_ASSIGN(const InputName name, InputName::parse(path.path));
    BRUME_TRY(check_share_of(name, shares_));
    const std::string shown = path.named ? path.name : name.remote() ? name.shown() : path.name;
    if (shown.size() > mapreduce::kInputNameSizeLimit)
      return fail(ErrorCode::kUsage, std::string(what) + " " + shown + ": is over " +
                                         std::to_string(mapreduce::kInputNameSizeLimit) +
                                         " bytes long; give it a name: NAME=PATH");
    kinds_.insert(name.kind);
    BRUME_ASSIGN(std::string place, name.remote() ? Result<std::string>(path.path) : place_of(path));
    json input{{"name", shown}, {"place", std::move(place)}};
    if (pins_) {
      BRUME_ASSIGN(const Sha256Digest pin, pins_->find(shown, shown_place(name, input.at("place"))));
      input["pin"] = pin.hex();
    }
    out.push_back(std::move(input));
  }
  return out;
}

Result<std::string> SealedInputs::place_of(const files::NamedPath& path) {
  std::error_code error;
  const fs::path input = fs::absolute(path.path, error);
  BRUME_ASSIGN(const bool sealed, master::is_age_file(input));
  if (!sealed && pins_)
    return fail(ErrorCode::kUsage, path.path +
                                       ": is plain, and a pin is of a sealed file: seal it with 'brume seal', "
                                       "and run and pin that, or run it without --pins");
  return sealed ? Result<std::string>(input.string()) : seal(input.string());
}

Result<std::string> SealedInputs::seal(const std::string& path) {
  if (recipient_.empty()) {
    BRUME_ASSIGN(recipient_, cluster_recipient(home_));
    BRUME_TRY(master::make_private_folder(home_.runs()));
    BRUME_ASSIGN(auto copies, master::CopyFolder::create(home_.runs()));
    copies_.emplace(std::move(copies));
  }
  BRUME_ASSIGN(const auto recipient, sealed::AgeRecipient::parse(recipient_));
  std::string sealed = (copies_->path() / (std::to_string(copy_count_++) + ".age")).string();
  BRUME_ASSIGN(files::InputFile plain, files::InputFile::open(path));
  BRUME_ASSIGN(files::AtomicFile copy, files::AtomicFile::create(sealed, {.mode = 0600}));
  BRUME_TRY(seal_file(plain, copy, std::span(&recipient, 1)));
  BRUME_TRY(copy.commit());
  return sealed;
}

}  // namespace brume::cli
