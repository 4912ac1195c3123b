#include "coordinator/exec/input/command_template.h"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "common/base/check.h"

namespace rollcall::coordinator {
namespace {

std::string_view base(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string_view directory(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return path.substr(0, std::max<std::size_t>(slash, 1));
}

/// A leading dot marks a hidden file and does not begin an extension.
std::string_view without_extension(std::string_view path) {
  const std::string_view name = base(path);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return path;
  return path.substr(0, path.size() - name.size() + dot);
}

/// Tracks whether the end of the script so far is inside quotes. Ignores command substitutions: the
/// shell may split a value there into words, but it does not parse the value.
class Quotes {
 public:
  void read(std::string_view text) {
    for (const char c : text) {
      if (std::exchange(is_escaped_, false)) continue;
      if (c == '\\' && quote_ != '\'') {
        is_escaped_ = true;
      } else if (quote_ == c) {
        quote_ = '\0';
      } else if (quote_ == '\0' && (c == '\'' || c == '"')) {
        quote_ = c;
      }
    }
  }
  /// Returns an expansion of the parameter that is a single word at this place.
  std::string use(std::size_t parameter) const {
    std::string name = fmt::format("${{{}}}", parameter);
    if (quote_ == '"') return name;
    return quote_ == '\'' ? "'\"" + name + "\"'" : "\"" + name + "\"";
  }

 private:
  char quote_ = '\0';
  bool is_escaped_ = false;
};

}  // namespace

bool CommandTemplate::read_placeholder(std::string_view text, Piece& piece, std::size_t& size) {
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return false;
  const std::string_view name = text.substr(1, end - 1);
  constexpr std::array<std::pair<std::string_view, Kind>, 6> kNames = {
      {{"", Kind::line},
       {".", Kind::no_extension},
       {"/", Kind::base},
       {"//", Kind::directory},
       {"/.", Kind::base_no_extension},
       {"#", Kind::number}}};
  size = end + 1;
  for (const auto& [known, kind] : kNames) {
    if (name == known) {
      piece.kind = kind;
      return true;
    }
  }
  std::size_t column = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), column);
  const bool is_number = error == std::errc() && stop == name.data() + name.size();
  if (!is_number || column == 0 || name.front() == '0') return false;
  piece.kind = Kind::column;
  piece.column = column - 1;
  return true;
}

CommandTemplate::Word CommandTemplate::parse_word(std::string_view text) {
  Word word;
  std::size_t begin = 0;  // of the text since the last placeholder
  const auto add_text = [&](std::size_t end) {
    if (end > begin) word.push_back({Kind::text, std::string(text.substr(begin, end - begin)), 0});
  };
  for (std::size_t i = text.find('{'); i < text.size(); i = text.find('{', i)) {
    Piece piece;
    std::size_t size = 0;
    if (!read_placeholder(text.substr(i), piece, size)) {
      ++i;
      continue;
    }
    add_text(i);
    word.push_back(std::move(piece));
    begin = i += size;
  }
  add_text(text.size());
  return word;
}

Result<CommandTemplate> CommandTemplate::parse(const std::vector<std::string>& words,
                                               const TemplateOptions& options) {
  CHECK(!words.empty());
  CommandTemplate result;
  result.colsep_ = options.colsep;
  bool has_placeholder = false;
  for (const std::string& word : words) {
    result.words_.push_back(parse_word(word));
    for (const Piece& piece : result.words_.back()) {
      has_placeholder = has_placeholder || piece.kind != Kind::text;
      if (piece.kind == Kind::column && piece.column > 0 && options.colsep.empty()) {
        return permanent(fmt::format("{{{}}} needs --colsep", piece.column + 1));
      }
    }
  }
  if (!has_placeholder && options.append_input) result.words_.push_back({Piece{Kind::line, {}, 0}});
  if (options.shell) result.make_script();
  return result;
}

void CommandTemplate::make_script() {
  std::string script;
  std::vector<Piece> parameters;
  Quotes quotes;
  for (const Word& word : words_) {
    if (!script.empty()) {
      script += ' ';
      quotes.read(" ");
    }
    for (const Piece& piece : word) {
      if (piece.kind == Kind::text) {
        script += piece.text;
        quotes.read(piece.text);
        continue;
      }
      const auto known = std::find(parameters.begin(), parameters.end(), piece);
      const auto place = static_cast<std::size_t>(known - parameters.begin()) + 1;
      if (known == parameters.end()) parameters.push_back(piece);
      script += quotes.use(place);
    }
  }
  const auto text = [](std::string value) { return Word{{Kind::text, std::move(value), 0}}; };
  words_ = {text("/bin/sh"), text("-c"), text(std::move(script)), text("sh")};
  for (Piece& parameter : parameters) words_.push_back({std::move(parameter)});
}

std::vector<std::string> CommandTemplate::fill(std::string_view line, std::uint64_t number) const {
  std::vector<std::string> args;
  args.reserve(words_.size());
  for (const Word& word : words_) {
    std::string& argument = args.emplace_back();
    for (const Piece& piece : word) argument += value(piece, line, number);
  }
  return args;
}

std::size_t CommandTemplate::bytes_at_most(std::size_t line) const {
  constexpr std::size_t kMost = 20;  // digits of a 64-bit number
  std::size_t bytes = 0;
  for (const Word& word : words_) {
    bytes += kBytesAWord;
    for (const Piece& piece : word) {
      bytes += piece.kind == Kind::text ? piece.text.size() : std::max(line, kMost);
    }
  }
  return bytes;
}

std::string CommandTemplate::value(const Piece& piece, std::string_view line,
                                   std::uint64_t number) const {
  switch (piece.kind) {
    case Kind::text:
      return piece.text;
    case Kind::line:
      return std::string(line);
    case Kind::no_extension:
      return std::string(without_extension(line));
    case Kind::base:
      return std::string(base(line));
    case Kind::directory:
      return std::string(directory(line));
    case Kind::base_no_extension:
      return std::string(base(without_extension(line)));
    case Kind::number:
      return std::to_string(number);
    case Kind::column:
      return std::string(column(line, piece.column));
  }
  return {};
}

std::string_view CommandTemplate::column(std::string_view line, std::size_t index) const {
  if (colsep_.empty()) return line;
  std::size_t begin = 0;
  for (; index > 0; --index) {
    const std::size_t end = line.find(colsep_, begin);
    if (end == std::string_view::npos) return {};
    begin = end + colsep_.size();
  }
  return line.substr(begin, line.find(colsep_, begin) - begin);
}

std::string parse_colsep(std::string_view text) {
  std::string separator;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 't' || text[i + 1] == '\\');
    if (is_escape) ++i;
    separator += is_escape && text[i] == 't' ? '\t' : text[i];
  }
  return separator;
}

}  // namespace rollcall::coordinator
