// `brume-fetch`: the work of `brume collateral fetch`, and pieces of remote input for the master (`brume-fetch range`),
// in a program of its own. It alone is linked with libcurl and talks to servers, and no process of it ever holds a key
// of the owner's: of an S3 object it is told a URL that is signed already.
#include <chrono>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/fetch_options.h"
#include "cli/fetch_range.h"
#include "cli/verbs.h"
#include "crypto/random.h"
#include "evidence/time.h"
#include "files/atomic_file.h"
#include "files/command_line.h"

namespace brume::cli {
namespace {

struct WallClock final : Clock {
  UnixMs now_ms() const override {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  }
};

void print_text(const collateral::Collected& all, const Sha256Digest& digest, UnixMs now_ms) {
  for (const collateral::Report& report : all.reports) {
    std::cout << report.what << ": " << (report.origin == collateral::Origin::kServer ? "fetched" : "kept answer of ");
    if (report.origin != collateral::Origin::kServer) std::cout << evidence::format_time(report.fetched_ms);
    std::cout << ", valid until " << evidence::format_time(report.valid_until_ms)
              << (report.valid_until_ms < now_ms ? ": EXPIRED" : "") << "\n";
    if (report.origin == collateral::Origin::kStaleCache) {
      std::cerr << "brume: warning: " << report.what << ": stale, because " << report.why_stale << "\n";
    }
  }
  std::cout << "sha256 " << digest.hex() << "\n";
}

void print_json(const collateral::Collected& all, const Sha256Digest& digest) {
  auto parts = nlohmann::ordered_json::array();
  for (const collateral::Report& report : all.reports) {
    nlohmann::ordered_json part{{"what", report.what},
                                {"url", report.url},
                                {"origin", collateral::origin_name(report.origin)},
                                {"fetched", evidence::format_time(report.fetched_ms)},
                                {"valid_until", evidence::format_time(report.valid_until_ms)}};
    if (!report.why_stale.empty()) part["why_stale"] = report.why_stale;
    parts.push_back(std::move(part));
  }
  std::cout << nlohmann::ordered_json{{"sha256", digest.hex()}, {"parts", std::move(parts)}}.dump(2) << "\n";
}

Status fetch(const FetchVerb& options) {
  BRUME_ASSIGN(const collateral::Plan plan, fetch_plan(options));
  BRUME_ASSIGN(const collateral::Servers servers, fetch_servers(options));
  BRUME_ASSIGN(files::AtomicFile out,
               files::AtomicFile::create(options.out, {.force = options.force, .durable = true}));
  BRUME_ASSIGN(collateral::Cache cache, collateral::Cache::open(fetch_cache(options)));
  BRUME_ASSIGN(const auto client, collateral::CurlClient::create(fetch_client(options)));
  const WallClock clock;
  crypto::SystemRandom random;
  const collateral::Outside outside{*client, clock, random,
                                    [](UnixMs ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }};
  collateral::Fetcher fetcher(outside, std::move(cache), fetch_manners(options));
  BRUME_ASSIGN(const collateral::Collected all, collect(fetcher, servers, plan));
  BRUME_TRY(out.write(as_bytes(evidence::encode_bundle(all.bundle))));
  BRUME_TRY(out.commit());
  if (options.out == "-") return {};
  const Sha256Digest digest = evidence::bundle_digest(all.bundle);
  options.json ? print_json(all, digest) : print_text(all, digest, clock.now_ms());
  return {};
}

}  // namespace
}  // namespace brume::cli

// Takes the arguments that follow `brume collateral fetch`, or the one word "range".
int main(int argc, char** argv) {
  using namespace brume::cli;
  std::signal(SIGPIPE, SIG_IGN);
  if (argc == 2 && std::string_view(argv[1]) == "range") {
    const brume::Status done = fetch_range();
    if (!done) std::cerr << "brume: error: " << done.error().what << "\n";
    return done ? 0 : exit_code(done.error());
  }
  FetchVerb options;
  CLI::App app{"Fetch collateral (called by 'brume collateral fetch')", "brume-fetch"};
  brume::files::set_manners(app);
  add_fetch_options(app, options);
  app.callback([&options] { finish(fetch(options)); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return 0;
}
