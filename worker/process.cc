#include "worker/process.h"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "common/limits.h"

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

Identity identify(const std::string& name, std::uint32_t slots, std::uint32_t ticket) {
  Identity self;
  self.host = host_name();
  self.pid = static_cast<std::uint32_t>(::getpid());
  self.name = name.empty() ? self.host + "-" + std::to_string(self.pid) : name;
  self.name.resize(std::min(self.name.size(), limits::name_bytes));
  self.slots = slots;
  self.processors = processors();
  self.ticket = ticket;
  return self;
}

}  // namespace rollcall::worker
