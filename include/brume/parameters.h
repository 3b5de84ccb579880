// The parameters of a run (`-p key=value`) as a job reads them: each key that the job asks for is
// known, every other one is refused, and so is a value that the job cannot use.
#pragma once

#include <brume/detail/text_target.h>
#include <brume/program.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <vector>

namespace brume {

class Parameters {
 public:
  // known_elsewhere: keys that need not be asked for.
  explicit Parameters(std::span<const JobParameter> given, std::vector<std::string> known_elsewhere = {})
      : given_(given), known_(std::move(known_elsewhere)) {
    for (std::size_t i = 0; i < given.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (given[i].key == given[j].key) refuse(given[i].key, "is given twice");
      }
    }
  }
  // What a copy was asked for would stay unknown.
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  template <typename T>
  struct Choice {
    std::string_view name;
    T value;
  };
  // Sets `target` to the value of the named choice; leaves it where the key is not given.
  template <typename T>
  void choose(std::string_view key, T& target, std::initializer_list<Choice<std::type_identity_t<T>>> choices) {
    const std::string* value = find(key);
    if (value == nullptr) return;
    std::string names;
    for (const auto& choice : choices) {
      if (*value == choice.name) {
        target = choice.value;
        return;
      }
      names += names.empty() ? "" : ", ";
      names += choice.name;
    }
    refuse(key, "is one of: " + names);
  }
  // A decimal number within [least, most]; a float may have an exponent, and is never NaN.
  template <detail::Number T>
  void number(std::string_view key, T& target, std::type_identity_t<T> least, std::type_identity_t<T> most) {
    const std::string* value = find(key);
    if (value == nullptr) return;
    T parsed{};
    const char* const end = value->data() + value->size();
    const auto [at, error] = std::from_chars(value->data(), end, parsed);
    if (error == std::errc{} && at == end && parsed >= least && parsed <= most) {
      target = parsed;
      return;
    }
    std::string rule = "is a number from ";
    detail::append_number(least, rule);
    rule += " to ";
    detail::append_number(most, rule);
    refuse(key, rule);
  }
  // true or false.
  void flag(std::string_view key, bool& target) { choose(key, target, {{"true", true}, {"false", false}}); }
  void text(std::string_view key, std::string& target) {
    if (const std::string* value = find(key)) target = *value;
  }

  // What every job takes, without asking.
  OnMalformed on_malformed() {
    OnMalformed what = OnMalformed::kFail;
    choose("on-malformed", what, {{"fail", OnMalformed::kFail}, {"skip", OnMalformed::kSkip}});
    return what;
  }

  // For a rule of the job's own, in words that hold no value: "is a list of ...".
  void refuse(std::string_view key, const std::string& rule) {
    if (status_) status_ = job_error("parameter '" + std::string(key) + "' " + rule);
  }

  // All that were asked for.
  const std::vector<std::string>& known() const { return known_; }

  // The first refusal; to be asked after the job has asked for all its keys.
  JobStatus status() const {
    if (!status_) return status_;
    for (const JobParameter& parameter : given_) {
      if (std::ranges::find(known_, parameter.key) != known_.end()) continue;
      std::string names;
      for (const std::string& key : known_) names += (names.empty() ? "" : ", ") + key;
      return job_error("parameter '" + parameter.key + "' is not known to this job, which takes " + names);
    }
    return {};
  }

 private:
  const std::string* find(std::string_view key) {
    if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
    const auto found = std::ranges::find(given_, key, &JobParameter::key);
    return found == given_.end() ? nullptr : &found->value;
  }

  std::span<const JobParameter> given_;
  std::vector<std::string> known_;
  JobStatus status_;
};

}  // namespace brume
