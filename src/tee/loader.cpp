#include "tee/loader.h"

#include <immintrin.h>

#include "measure/mrenclave.h"
#include "tee/guardian.h"

namespace brume::tee {
namespace {

// Positions in evidence::kProtectionNames.
constexpr std::uint32_t kCodeSealed = 1u << 0;
constexpr std::uint32_t kSecretMemory = 1u << 1;
constexpr std::uint32_t kGuardian = 1u << 2;
constexpr std::uint32_t kSeccomp = 1u << 3;

// A user that no account and no container has: above what useradd and subuid hand out.
constexpr std::uint32_t kFirstUid = 0x70000000;
constexpr std::uint32_t kUidCount = 0x00FFFFFF;

// x87, SSE, AVX and AVX-512 as this machine's kernel enables them: XCR0 without what enclaves here
// never use.
[[gnu::target("xsave")]] std::uint64_t extended_features() { return _xgetbv(0) & 0xE7; }

// ECREATE to EINIT.
Result<Secs> initialise(const LoadRequest& request, const measure::EnclaveLayout& layout) {
  BRUME_ASSIGN(const measure::Sigstruct signed_by, measure::verify_sigstruct(request.sigstruct));
  Secs secs;
  secs.attributes.flags = measure::kFlagMode64 | measure::kFlagKss | (request.debug ? measure::kFlagDebug : 0);
  secs.attributes.xfrm = extended_features();
  secs.measurement = measure::measure_enclave(layout);
  BRUME_TRY(measure::check_einit(signed_by.body, secs.measurement, secs.attributes, secs.misc_select));
  secs.attributes.flags |= measure::kFlagInit;
  secs.signer = signed_by.signer;
  secs.config_id = request.config_id;
  secs.config_svn = request.config_svn;
  secs.isv_prod_id = signed_by.body.isv_prod_id;
  secs.isv_svn = signed_by.body.isv_svn;
  secs.isv_ext_prod_id = signed_by.body.isv_ext_prod_id;
  secs.isv_family_id = signed_by.body.isv_family_id;
  return secs;
}

std::uint64_t page_up(std::uint64_t value) { return (value + abi::kPageSize - 1) / abi::kPageSize * abi::kPageSize; }

std::uint32_t next_uid() {
  static std::atomic<std::uint32_t> count{static_cast<std::uint32_t>(getpid())};
  return kFirstUid + count.fetch_add(1) % kUidCount;
}

}  // namespace

struct EnclaveProcess::State {
  Secs secs;
  evidence::Protections protections;
  UniqueFd ring;
  std::optional<SharedMapping> mailbox;
  std::optional<SharedMapping> doorbell;
  // Ended in this order: the process, then its mailbox.
  std::unique_ptr<MailboxService> service;
  std::unique_ptr<Guardian> guardian;
};

EnclaveProcess::EnclaveProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
EnclaveProcess::~EnclaveProcess() = default;
EnclaveProcess::EnclaveProcess(EnclaveProcess&&) noexcept = default;
EnclaveProcess& EnclaveProcess::operator=(EnclaveProcess&&) noexcept = default;

pid_t EnclaveProcess::pid() const { return state_->guardian->pid(); }
int EnclaveProcess::pidfd() const { return state_->guardian->pidfd(); }
int EnclaveProcess::ring_fd() const { return state_->ring.get(); }
const Secs& EnclaveProcess::secs() const { return state_->secs; }
evidence::Protections EnclaveProcess::protections() const { return state_->protections; }
void EnclaveProcess::kill() { state_->guardian->kill(); }
std::optional<EnclaveExit> EnclaveProcess::wait(std::chrono::milliseconds timeout) {
  return state_->guardian->wait(timeout);
}

Result<EnclaveProcess> spawn_enclave(const LoadRequest& request) {
  const bool simulated = request.mode == abi::Tee::kSgxSim;
  if (simulated && request.processor == nullptr) return fail(ErrorCode::kUsage, "enclave start: no processor");
  BRUME_ASSIGN(const measure::EnclaveLayout layout, measure::lay_out_program(request.program));
  auto state = std::make_unique<EnclaveProcess::State>();
  if (simulated) {
    BRUME_ASSIGN(state->secs, initialise(request, layout));
    state->protections = request.platform_protections;
  }

  BRUME_ASSIGN(const CodeFile code, make_code_file(layout, trampoline_code()));
  BRUME_ASSIGN(state->ring, make_shared_file("brume-ring", abi::ring_file_size(request.ring_capacity)));
  BRUME_ASSIGN(const UniqueFd doorbell, make_shared_file("brume-doorbell", abi::kPageSize));
  BRUME_ASSIGN(state->doorbell, SharedMapping::map(doorbell.get(), abi::kPageSize));
  SecretFile data;
  SecretFile mailbox;
  if (simulated) {
    BRUME_ASSIGN(data, make_secret_file(layout.range.size, layout.range.heap + layout.range.heap_size));
    BRUME_ASSIGN(mailbox, make_secret_file(abi::kPageSize, abi::kPageSize));
    BRUME_ASSIGN(state->mailbox, SharedMapping::map(mailbox.fd.get(), abi::kPageSize));
  } else {
    BRUME_ASSIGN(mailbox.fd, make_shared_file("brume-boot", abi::kPageSize));
  }

  Guardian::Orders orders;
  ChildPlan& plan = orders.plan;
  plan.layout = &layout;
  plan.region = {page_up(RegionPlan::kRing + abi::ring_file_size(request.ring_capacity)), layout.range.size};
  plan.mode = request.mode;
  plan.code_fd = code.fd.get();
  plan.trampoline_offset = code.trampoline_offset;
  plan.data_fd = data.fd.get();
  plan.mailbox_fd = mailbox.fd.get();
  plan.doorbell_fd = doorbell.get();
  plan.ring_fd = state->ring.get();
  plan.ring_size = abi::ring_file_size(request.ring_capacity);
  plan.uid = next_uid();
  plan.doorbell = &state->doorbell->as<abi::Doorbell>();
  orders.filter = enclave_filter();
  orders.attach = request.attach;
  orders.guard = simulated;

  EnclaveProcess::State& made = *state;
  const auto before_go = [&](bool guarded) {
    if (!simulated) return;
    made.protections.bits |= kSeccomp;  // a start without the filter fails
    if (code.sealed) made.protections.bits |= kCodeSealed;
    if (data.secret && mailbox.secret) made.protections.bits |= kSecretMemory;
    if (guarded) made.protections.bits |= kGuardian;
    made.secs.cpu_svn = evidence::protections_to_cpu_svn(made.protections);
    made.service = std::make_unique<MailboxService>(made.mailbox->as<abi::Mailbox>(),
                                                    made.doorbell->as<abi::Doorbell>(), *request.processor, made.secs);
  };
  BRUME_ASSIGN(state->guardian, Guardian::start(std::move(orders), before_go));
  return EnclaveProcess(std::move(state));
}

}  // namespace brume::tee
