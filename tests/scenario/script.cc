#include "tests/scenario/script.h"

#include <cstdio>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "tests/support/stage.h"

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// The word after `name`; empty if it is not there.
std::string after(const Words& words, const std::string& name) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == name) return words[i + 1];
  }
  return {};
}

std::int64_t number_after(const Words& words, const std::string& name, std::int64_t otherwise) {
  const std::string word = after(words, name);
  return word.empty() ? otherwise : std::stoll(word);
}

/// "1500ms", "3s".
std::int64_t ms(const std::string& text) {
  const std::int64_t number = std::stoll(text);
  return text.ends_with("ms") ? number : number * 1'000;
}

Duration duration_after(const Words& words, const std::string& name, Duration otherwise) {
  const std::string word = after(words, name);
  return word.empty() ? otherwise : Duration(ms(word) * 1'000'000);
}

bool has(const Words& words, const std::string& name) {
  for (const std::string& word : words) {
    if (word == name) return true;
  }
  return false;
}

class Player {
 public:
  void line(const std::string& line);
  std::string text() const { return text_; }

 private:
  void set_up(const Words& words);
  void at(const Words& words);
  void act(int worker, const Words& words);
  void report(int worker, const Words& words);
  void show();

  RunSpec spec_;
  Policy policy_;
  std::unique_ptr<Stage> stage_;
  std::string text_;
};

void Player::line(const std::string& line) {
  text_ += line + "\n";
  const Words words = words_of(line);
  if (words.empty() || words[0].starts_with("#")) return;
  if (words[0] == "run" || words[0] == "policy") return set_up(words);
  if (words[0] == "at" && words.size() > 2) return at(words);
  throw std::runtime_error("not understood: " + line);
}

void Player::set_up(const Words& words) {
  if (words[0] == "run") {
    spec_.id.bytes.fill(1);
    spec_.task_count = static_cast<std::uint32_t>(number_after(words, "tasks", 5));
    spec_.seed = static_cast<std::uint64_t>(number_after(words, "seed", 1));
    spec_.pause_max = duration_after(words, "pause", 1s);
    spec_.pause_min = duration_after(words, "pause-min", spec_.pause_max);
    if (after(words, "method") == "wait") spec_.method = CollectionMethod::wait;
    if (after(words, "method") == "cancelled") spec_.method = CollectionMethod::cancelled;
    if (has(words, "wait-timeout")) spec_.wait_timeout = duration_after(words, "wait-timeout", 0s);
    return;
  }
  policy_.local_workers = static_cast<std::uint32_t>(number_after(words, "local-workers", 0));
  policy_.wait_for_workers = static_cast<std::uint32_t>(number_after(words, "wait-for-workers", 1));
  policy_.others_may_join = policy_.local_workers == 0;
  policy_.liveness = duration_after(words, "liveness", policy_.liveness);
  policy_.join_timeout = duration_after(words, "join-timeout", policy_.join_timeout);
  policy_.max_losses = static_cast<std::uint32_t>(number_after(words, "max-losses", 5));
  if (has(words, "prefetch")) {
    policy_.prefetch = static_cast<std::uint32_t>(number_after(words, "prefetch", 0));
  }
}

/// at TIME WHO WHAT ...
void Player::at(const Words& words) {
  if (!stage_) stage_ = std::make_unique<Stage>(spec_, policy_);
  stage_->at(ms(words[1]));
  show();
  const Words rest(words.begin() + 3, words.end());
  if (words[2] == "coordinator") {
    if (has(rest, "listens")) stage_->listen();
    if (has(rest, "waits")) stage_->turn();
    if (has(rest, "stop")) stage_->stop();
    if (has(rest, "drains")) {
      const DrainMode mode = has(rest, "return") ? DrainMode::return_running : DrainMode::finish;
      stage_->drain({static_cast<std::uint32_t>(number_after(rest, "session", 0))}, mode);
    }
  } else if (words[2] == "ticket") {
    stage_->exited(static_cast<std::uint32_t>(std::stoul(words[3])));
  } else if (words[2].starts_with("w")) {
    act(std::stoi(words[2].substr(1)), rest);
  } else {
    throw std::runtime_error("who is " + words[2] + "?");
  }
  show();
}

void Player::act(int worker, const Words& words) {
  const std::string& what = words.at(0);
  Stage::Worker& self = stage_->worker(worker);
  const auto nonce = static_cast<std::uint64_t>(number_after(words, "nonce", 1));
  if (what == "hello") {
    stage_->hello(worker, static_cast<std::uint32_t>(number_after(words, "slots", 0)), nonce,
                  static_cast<std::uint32_t>(number_after(words, "ticket", 0)));
  } else if (what == "inventory") {
    stage_->inventory(worker, nonce);
  } else if (what == "heartbeat") {
    stage_->heartbeat(worker, has(words, "draining"));
  } else if (what == "report") {
    report(worker, words);
  } else if (what == "goodbye") {
    stage_->goodbye(worker, static_cast<std::uint64_t>(number_after(words, "reports", 0)),
                    static_cast<std::uint64_t>(number_after(words, "outcomes", 0)));
  } else if (what == "unreachable") {
    self.reached = false;
  } else if (what == "reachable") {
    self.reached = true;
  } else if (what == "connection") {
    self.connection = static_cast<ConnectionId>(std::stoul(words.at(1)));
  } else {
    throw std::runtime_error("a worker cannot " + what);
  }
}

/// report NUMBER: TASK ... [OUTCOME]
void Player::report(int worker, const Words& words) {
  static const std::map<std::string, Outcome> outcomes = {{"cancelled", Outcome::cancelled},
                                                          {"failed", Outcome::failed},
                                                          {"not_started", Outcome::not_started},
                                                          {"returned", Outcome::returned}};
  Ended ended;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto outcome = outcomes.find(words[i]);
    if (outcome != outcomes.end()) {
      ended.outcome = outcome->second;
    } else {
      ended.tasks.push_back(static_cast<std::uint32_t>(std::stoul(words[i])));
    }
  }
  stage_->report(worker, std::stoull(words.at(1)), {ended});
}

void Player::show() {
  for (const Stage::Line& line : stage_->take_lines()) {
    char time[32];
    std::snprintf(time, sizeof time, "    %7.3f  ", static_cast<double>(line.ms) / 1'000);
    text_ += time + line.text + "\n";
  }
}

}  // namespace

std::string play(const std::string& scenario) {
  Player player;
  std::istringstream in(scenario);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("    ")) player.line(line);
  }
  return player.text();
}

}  // namespace rollcall::coordinator
