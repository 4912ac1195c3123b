// Finds function bodies by counting braces: enough for code that clang-format has laid out.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/lint/source.h"

namespace rollcall::lint {

namespace {

enum class Scope { outer, type, function, other };

/// What follows `template <...>`, if the head begins with that.
std::string_view after_template(std::string_view head) {
  while (head.starts_with("template")) {
    int depth = 0;
    std::size_t i = std::min(head.find('<'), head.size());
    for (; i < head.size(); ++i) {
      depth += head[i] == '<' ? 1 : head[i] == '>' ? -1 : 0;
      if (depth == 0) {
        break;
      }
    }
    head.remove_prefix(std::min(i + 1, head.size()));
    head.remove_prefix(std::min(head.find_first_not_of(' '), head.size()));
  }
  return head;
}

/// What a brace opens that is not inside an expression.
Scope scope_of(std::string_view head, Scope around) {
  if (has_word(head, "namespace") || head.starts_with("extern \"")) {
    return Scope::outer;
  }
  const std::string_view declaration = after_template(head);
  for (const std::string_view word : {"class ", "struct ", "union ", "enum "}) {
    if (declaration.starts_with(word)) {
      return Scope::type;
    }
  }
  const bool may_hold_functions = around == Scope::outer || around == Scope::type;
  const bool has_parameters = declaration.find('(') != std::string_view::npos;
  return may_hold_functions && has_parameters ? Scope::function : Scope::other;
}

class Counter {
 public:
  void add_line(const std::string& line, std::size_t number) {
    for (const char c : line) {
      add(c, number);
    }
    add(' ', number);
  }

  std::vector<Function> take() { return std::move(functions_); }

 private:
  struct Open {
    Scope scope;
    std::size_t first_line;
    std::string head;  ///< to go on with after the brace, for one inside an expression
  };

  void add(char c, std::size_t number) {
    if (c == '{') {
      open(number);
    } else if (c == '}') {
      close(number);
    } else if (c == ';' && is_balanced()) {
      head_.clear();
    } else if (c != ' ' || !head_.empty()) {
      if (head_.empty()) {
        head_line_ = number;
      }
      head_ += c;
      if (head_ == "public:" || head_ == "protected:" || head_ == "private:") {
        head_.clear();
      }
    }
  }

  bool is_balanced() const {
    return std::ranges::count(head_, '(') == std::ranges::count(head_, ')');
  }

  void open(std::size_t number) {
    const Scope around = open_.empty() ? Scope::outer : open_.back().scope;
    const std::size_t first_line = head_.empty() ? number : head_line_;
    // clang-format puts a space before the brace of a body, and none before that of a value.
    if (!head_.empty() && (head_.back() != ' ' || !is_balanced())) {
      open_.push_back({Scope::other, first_line, std::exchange(head_, {})});
      return;
    }
    open_.push_back({scope_of(head_, around), first_line, {}});
    head_.clear();
  }

  void close(std::size_t number) {
    if (open_.empty()) {
      return;
    }
    const Open closed = std::move(open_.back());
    open_.pop_back();
    if (closed.scope == Scope::function) {
      functions_.push_back({closed.first_line, number - closed.first_line + 1});
    }
    head_ = closed.head;
    head_line_ = closed.first_line;
  }

  std::vector<Open> open_;
  std::vector<Function> functions_;
  std::string head_;  ///< what stands since the last ';', '{' or '}'
  std::size_t head_line_ = 0;
};

}  // namespace

std::vector<Function> functions_of(const Source& source) {
  Counter counter;
  bool in_directive = false;
  for (std::size_t i = 0; i < source.code.size(); ++i) {
    const std::string& line = source.code[i];
    in_directive = in_directive || line.starts_with('#');
    if (!in_directive) {
      counter.add_line(line, i);
    }
    in_directive = in_directive && line.ends_with('\\');
  }
  return counter.take();
}

}  // namespace rollcall::lint
