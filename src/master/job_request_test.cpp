#include "master/job_request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace brume::master {
namespace {

using nlohmann::json;

json request_with(const json& parameters) {
  return {{"job", "grep"},
          {"inputs", {{{"name", "a"}, {"place", "/a.age"}}}},
          {"output", "/out"},
          {"parameters", parameters}};
}

std::string refusal(const json& request) {
  const auto parsed = parse_job_request(request);
  if (parsed) return "taken";
  EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
  return parsed.error().what;
}

TEST(JobRequest, TakesParametersInTheOrderOfTheirKeys) {
  const auto parsed = parse_job_request(request_with({{"b", "2"}, {"a", std::string(60'000, 'x')}}));
  ASSERT_TRUE(parsed) << parsed.error().what;
  ASSERT_EQ(parsed->parameters.size(), 2u);
  EXPECT_EQ(parsed->parameters[0].key, "a");
}

// An enclave that is sent such ones ends, and so would the next one that is asked.
TEST(JobRequest, RefusesParametersThatNoEnclaveTakes) {
  const std::string key(65, 'k');
  EXPECT_EQ(refusal(request_with({{key, "x"}})), "-p " + key + ": a parameter's key is not [a-z0-9._-]{1,64}");
  EXPECT_EQ(refusal(request_with({{"Key", "x"}})), "-p Key: a parameter's key is not [a-z0-9._-]{1,64}");
  EXPECT_EQ(refusal(request_with({{"key", std::string(65'537, 'x')}})),
            "-p key: a parameter's value is over 65536 bytes");
  EXPECT_EQ(refusal(request_with({{"a", std::string(40'000, 'x')}, {"b", std::string(40'000, 'x')}})),
            "-p: parameters over 65536 bytes in all, with 8 for each one");
  json many;
  for (int i = 0; i < 257; ++i) many["k" + std::to_string(i)] = "x";
  EXPECT_EQ(refusal(request_with(many)), "-p: over 256 parameters");
  many.erase("k0");
  EXPECT_EQ(refusal(request_with(many)), "taken");
}

TEST(JobRequest, RefusesALongerNameThanAJobHas) {
  json request = request_with(json::object());
  request["job"] = std::string(65, 'j');
  EXPECT_EQ(refusal(request), "run: a job's name has 1 to 64 bytes");
}

TEST(JobRequest, TakesThePinOfAnInput) {
  json request = request_with(json::object());
  EXPECT_FALSE(parse_job_request(request)->inputs[0].pin);
  request["inputs"][0]["pin"] = std::string(64, 'a');
  const auto parsed = parse_job_request(request);
  ASSERT_TRUE(parsed) << parsed.error().what;
  ASSERT_TRUE(parsed->inputs[0].pin);
  EXPECT_EQ(parsed->inputs[0].pin->hex(), std::string(64, 'a'));
}

// Never taken for one without a pin.
TEST(JobRequest, RefusesAPinThatIsNoHash) {
  json request = request_with(json::object());
  for (const char* pin : {"", "a", "zz"}) {
    request["inputs"][0]["pin"] = pin;
    EXPECT_FALSE(parse_job_request(request)) << pin;
  }
}

TEST(JobRequest, TakesAMeasurementOrRefusesIt) {
  json request = request_with(json::object());
  EXPECT_FALSE(parse_job_request(request)->measurement);
  request["measurement"] = std::string(64, 'b');
  EXPECT_EQ(parse_job_request(request)->measurement->hex(), std::string(64, 'b'));
  request["measurement"] = "";
  EXPECT_FALSE(parse_job_request(request));
}

}  // namespace
}  // namespace brume::master
