// Lines that a control socket sends one after the other.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace rollcall::coordinator {

/// The connection asks for a line when it has sent the one before, so a reader that is slow gets
/// its lines later, and none of them waits in memory. One thread.
class ControlLines {
 public:
  ControlLines() = default;
  virtual ~ControlLines() = default;
  ControlLines(const ControlLines&) = delete;
  ControlLines& operator=(const ControlLines&) = delete;

  /// Returns the next line without its newline; nullopt if none is ready.
  virtual std::optional<std::string> next() = 0;
  /// Whether no more lines will follow.
  virtual bool is_over() const = 0;

  /// Set by the connection: `more` is called when next() has returned nullopt and there may be a
  /// line now, or no more will follow. It may call next(), and may drop these lines.
  void on_more(std::function<void()> more) { more_ = std::move(more); }

 protected:
  void announce() const {
    if (more_) more_();
  }

 private:
  std::function<void()> more_;
};

/// An answer to a request: one line, without its newline, or many.
struct ControlAnswer {
  ControlAnswer(std::string one) : line(std::move(one)) {}
  explicit ControlAnswer(std::shared_ptr<ControlLines> many) : lines(std::move(many)) {}

  std::string line;
  std::shared_ptr<ControlLines> lines;  ///< if not null, instead of `line`
};

}  // namespace rollcall::coordinator
