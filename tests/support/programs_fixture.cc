#include "tests/support/programs_fixture.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace rollcall::integration {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTagVariable = "INTEGRATION_TEST_TAG";

fs::path new_directory() {
  std::string name = (fs::temp_directory_path() / "rollcall-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make " << name;
  return name;
}

std::string numbers(const std::vector<pid_t>& processes) {
  std::string text;
  for (const pid_t process : processes) text += " " + std::to_string(process);
  return text;
}

nlohmann::json parsed(const std::string& text, const Program& program) {
  nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    ADD_FAILURE() << "no JSON object: " << program.story();
    return nullptr;
  }
  return document;
}

}  // namespace

bool long_tests() {
  return std::getenv("ROLLCALL_LONG_TESTS") != nullptr;
}

fs::path programs_directory() {
  return ROLLCALL_PROGRAMS;
}

ProgramsTest::ProgramsTest() : directory_(new_directory()), tag_(directory_.filename().string()) {}

ProgramsTest::~ProgramsTest() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void ProgramsTest::TearDown() {
  if (HasFailure()) {
    for (const auto& program : programs_) std::cerr << program->story() << "\n";
  }
  programs_.clear();
  if (wait_for_no_process()) return;
  const std::vector<pid_t> left = processes();
  ADD_FAILURE() << "processes are left:" << numbers(left);
  for (const pid_t process : left) ::kill(process, SIGKILL);
}

Program& ProgramsTest::start(Command command) {
  command.environment[kTagVariable] = tag_;
  command.environment.try_emplace("XDG_RUNTIME_DIR", directory_.string());
  programs_.push_back(std::make_unique<Program>(command, directory_));
  return *programs_.back();
}

Program& ProgramsTest::rollcall(Arguments arguments, const Environment& environment) {
  arguments.insert(arguments.begin(), "sleep");
  return start({programs_directory() / "rollcall", std::move(arguments), environment, {}, {}});
}

Program& ProgramsTest::exec(Arguments arguments, const std::string& input) {
  arguments.insert(arguments.begin(), "exec");
  return start({programs_directory() / "rollcall", std::move(arguments), {}, input, {}});
}

Program& ProgramsTest::worker(Arguments arguments, const std::string& input) {
  return start({programs_directory() / "rollcall-worker", std::move(arguments), {}, input, {}});
}

Program& ProgramsTest::lying_worker(const std::string& mode) {
  return start({ROLLCALL_LYING_WORKER, {access_file(), mode}, {}, {}, {}});
}

bool ProgramsTest::wait_for_file(const std::string& name) const {
  const bool found = wait_until([&] { return fs::exists(file(name)); });
  if (!found) ADD_FAILURE() << name << " has not appeared";
  return found;
}

void ProgramsTest::touch(const std::string& name) const {
  std::ofstream(file(name)).close();
}

std::string ProgramsTest::until_touched(const std::string& name) const {
  return "while ! test -e " + file(name) + "; do sleep 0.05; done";
}

std::vector<pid_t> ProgramsTest::processes() const {
  return processes_with(kTagVariable, tag_);
}

bool ProgramsTest::wait_for_no_process() const {
  // Less than a worker waits for a coordinator, and less than the commands of tests last.
  return wait_until([this] { return processes().empty(); }, std::chrono::seconds(30));
}

void ProgramsTest::forget_ended() {
  if (!HasFailure()) std::erase_if(programs_, [](const auto& p) { return !p->running(); });
}

Arguments operator+(Arguments first, const Arguments& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

nlohmann::json document_of(const Program& program) {
  return parsed(program.out(), program);
}

nlohmann::json summary_of(const Program& program) {
  const std::vector<std::string> lines = program.out_lines();
  return parsed(lines.empty() ? "" : lines.back(), program);
}

std::vector<nlohmann::json> events_of(const Program& program, const std::string& event) {
  std::vector<nlohmann::json> events;
  for (const std::string& line : program.out_lines()) {
    nlohmann::json document = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (document.is_object() && document.value("event", "") == event) {
      events.push_back(std::move(document));
    }
  }
  return events;
}

bool wait_for_events(Program& program, const std::string& event, std::size_t count) {
  return program.wait_for_lines(".*\"event\": ?\"" + event + "\".*", count);
}

std::vector<std::string> failed_checks(const nlohmann::json& document) {
  std::vector<std::string> names;
  for (const auto& check : document.value("failed_checks", nlohmann::json::array())) {
    names.push_back(check.value("check", ""));
  }
  return names;
}

}  // namespace rollcall::integration
