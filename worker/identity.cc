#include "worker/identity.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <csignal>

#include "common/limits.h"
#include "common/os/processors.h"
#include "worker/core/kind_traits.h"
#include "worker/executors/command_runner.h"

namespace rollcall::worker {
namespace {

std::string host_name() {
  std::array<char, limits::name_bytes + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace

bool die_with_parent(std::uint32_t parent) {
  // In this order, a parent that ends in between is noticed by one of the two calls.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
  return static_cast<std::uint32_t>(::getppid()) == parent;
}

void outlive_parent() {
  ::prctl(PR_SET_PDEATHSIG, 0);
}

Identity identify(const WorkerOptions& options, const os::DescriptorLimit& descriptors) {
  Identity self;
  self.host = host_name();
  self.pid = static_cast<std::uint32_t>(::getpid());
  self.name = options.name.empty() ? fmt::format("{}-{}", self.host, self.pid) : options.name;
  self.name.resize(std::min(self.name.size(), limits::name_bytes));
  self.slots = options.slots;
  self.processors = os::processors();
  self.command_slots = options.only_sleep ? 0 : command_slots(descriptors.raised);
  self.kinds = runnable_kinds(self.command_slots);
  return self;
}

}  // namespace rollcall::worker
