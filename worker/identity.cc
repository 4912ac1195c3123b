#include "worker/identity.h"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "common/limits.h"
#include "worker/executors/command_runner.h"

namespace rollcall::worker {
namespace {

std::string host_name() {
  std::array<char, limits::name_bytes + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::uint32_t processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint32_t>(CPU_COUNT(&set));
}

}  // namespace

bool die_with_parent(std::uint32_t parent) {
  // In this order: a parent that ends in between is seen by one or the other.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
  return static_cast<std::uint32_t>(::getppid()) == parent;
}

Identity identify(const WorkerOptions& options, const os::DescriptorLimit& descriptors) {
  Identity self;
  self.host = host_name();
  self.pid = static_cast<std::uint32_t>(::getpid());
  self.name = options.name.empty() ? self.host + "-" + std::to_string(self.pid) : options.name;
  self.name.resize(std::min(self.name.size(), limits::name_bytes));
  self.slots = options.slots;
  self.processors = processors();
  self.command_slots = options.only_sleep ? 0 : command_slots(descriptors.raised);
  return self;
}

}  // namespace rollcall::worker
