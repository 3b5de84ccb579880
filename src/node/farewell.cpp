#include "node/farewell.h"

#include "transport/control_connection.h"
#include "transport/host_messages.h"

namespace brume::node {

namespace {

constexpr transport::Milliseconds kPatience{2'000};
constexpr std::uint16_t kNoFetches = 0;

}  // namespace

void tell_master_of_failure(const NodeOptions& options, const std::string& what) {
  auto control = transport::ControlConnection::connect(
      options.master, {.connect_timeout = kPatience, .idle_limit = kPatience, .send_timeout = kPatience});
  if (!control) return;
  const std::string text = what.substr(0, transport::kHostTextLimit);
  for (const transport::HostMessage& message :
       {transport::HostMessage(transport::Hello{options.name, options.role, kNoFetches}),
        transport::HostMessage(transport::Failed{text})}) {
    if (!(*control)->send(transport::Channel::kHost, transport::encode_host_message(message))) return;
  }
  // The master closes when it has read; closing first could take the message with it.
  (void)(*control)->read_until_end([](transport::Channel, ByteView) {});
}

}  // namespace brume::node
