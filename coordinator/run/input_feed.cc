#include "coordinator/run/input_feed.h"

#include <utility>

#include "common/limits.h"

namespace rollcall::coordinator {

void InputFeed::start() {
  announced_ = input_.size();
  auto source = input_.open();
  if (!source) return end(source.error());
  InputReader::Handlers handlers;
  handlers.on_chunk = [this](const std::string& chunk) { add(chunk); };
  handlers.on_end = [this] { end(input_.finish()); };
  handlers.on_error = [this](const std::string& why) { end(input_.end_early(why)); };
  reader_ = std::make_unique<InputReader>(loop_, std::move(*source), std::move(handlers));
  advance();
}

void InputFeed::advance() {
  if (!reader_) return;
  if (!scheduler_.takes_tasks()) return reader_.reset();
  if (is_asked_ || !has_room()) return;
  is_asked_ = true;
  reader_->request();
}

bool InputFeed::has_room() const {
  const auto is_below = [this](std::uint64_t tasks, std::uint64_t most, std::uint64_t most_bytes) {
    return tasks < most && tasks * input_.mean_bytes() < most_bytes;
  };
  if (has_journal_) {
    return is_below(scheduler_.uncommitted_tasks(), limits::uncommitted_tasks,
                    limits::uncommitted_bytes);
  }
  return is_below(input_.size() - scheduler_.done(), limits::read_ahead_tasks,
                  limits::read_ahead_bytes);
}

void InputFeed::add(std::string_view bytes) {
  is_asked_ = false;
  const Result<void> added = input_.add(bytes);
  if (const std::string text = input_.take_warning(); !text.empty()) handlers_.warned(text);
  if (!added) return end(added);
  announce_new_tasks();
  handlers_.arrived();
}

void InputFeed::end(const Result<void>& result) {
  reader_.reset();
  announce_new_tasks();
  if (const std::string text = input_.warning(); !text.empty()) handlers_.warned(text);
  if (scheduler_.takes_tasks()) {
    handlers_.happened(InputEnded{result ? std::string() : result.error().message});
  }
  handlers_.arrived();
}

void InputFeed::announce_new_tasks() {
  const auto count = static_cast<std::uint32_t>(input_.size() - announced_);
  announced_ = input_.size();
  if (count == 0 || !scheduler_.takes_tasks()) return;
  handlers_.happened(TasksAdded{count, input_.assignment_attempts()});
}

}  // namespace rollcall::coordinator
