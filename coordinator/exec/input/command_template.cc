#include "coordinator/exec/input/command_template.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "common/base/check.h"
#include "common/base/text.h"
#include "coordinator/exec/input/csv.h"

namespace rollcall::coordinator {
namespace {

std::string_view base(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// As dirname(1).
std::string_view directory(std::string_view path) {
  const auto without_slashes = [](std::string_view text) {
    return text.substr(0, text.find_last_not_of('/') + 1);  // npos + 1 is 0
  };
  const std::string_view whole = without_slashes(path);
  if (whole.empty()) return path.empty() ? "." : "/";
  const std::size_t slash = whole.rfind('/');
  if (slash == std::string_view::npos) return ".";
  const std::string_view parent = without_slashes(whole.substr(0, slash));
  return parent.empty() ? "/" : parent;
}

/// As in GNU parallel, the name of a hidden file is all extension.
std::string_view without_extension(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::size_t slash = path.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && slash > dot))
    return path;
  return path.substr(0, dot);
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

/// What the number of a task counts for --max-chars.
constexpr std::size_t kCountedDigits = 10;

}  // namespace

std::optional<CommandTemplate::Part> CommandTemplate::part_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Part>, 5> kNames = {
      {{"", Part::all},
       {".", Part::no_extension},
       {"/", Part::base},
       {"//", Part::directory},
       {"/.", Part::base_no_extension}}};
  for (const auto& [known, part] : kNames) {
    if (name == known) return part;
  }
  return std::nullopt;
}

/// `name` is between the braces.
std::optional<CommandTemplate::Piece> CommandTemplate::placeholder_named(
    std::string_view name) const {
  if (name == "#") return Piece{.kind = Kind::number};
  if (!options_.has_values) return std::nullopt;
  if (const std::optional<Part> part = part_named(name)) {
    return Piece{.kind = Kind::value, .part = *part};
  }
  if (std::optional<Piece> piece = numbered(name)) return piece;
  return named_piece(name);
}

std::optional<CommandTemplate::Piece> CommandTemplate::numbered(std::string_view name) const {
  Piece piece{.kind = Kind::value};
  const bool has_columns = !options_.colsep.empty();
  if ((!has_columns && !options_.names_sources) || name.starts_with('0')) return std::nullopt;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), piece.column);
  if (error != std::errc() || (!has_columns && piece.column > options_.sources)) {
    return std::nullopt;
  }
  const std::optional<Part> part =
      part_named(name.substr(static_cast<std::size_t>(end - name.data())));
  if (!part) return std::nullopt;
  piece.part = *part;
  return piece;
}

/// A name may begin with another one, and end as a part does: the longest one counts.
std::optional<CommandTemplate::Piece> CommandTemplate::named_piece(std::string_view name) const {
  std::optional<Piece> found;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < options_.names.size(); ++i) {
    const std::string& each = options_.names[i];
    if (each.size() <= longest || !name.starts_with(each)) continue;
    const std::optional<Part> part = part_named(name.substr(each.size()));
    if (!part) continue;
    found = Piece{.kind = Kind::value, .part = *part, .column = i + 1};
    longest = each.size();
  }
  return found;
}

std::optional<CommandTemplate::Piece> CommandTemplate::next_placeholder(std::string_view text,
                                                                        std::size_t& at,
                                                                        std::size_t& end) const {
  const std::string& replace = options_.replace;
  if (!replace.empty()) {
    at = text.find(replace, at);
    if (at == std::string_view::npos) return std::nullopt;
    end = at + replace.size();
    return Piece{.kind = Kind::value};
  }
  for (at = text.find('{', at); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const std::size_t close = text.find('}', at);
    if (close == std::string_view::npos) return std::nullopt;
    std::optional<Piece> piece = placeholder_named(text.substr(at + 1, close - at - 1));
    if (!piece) continue;
    end = close + 1;
    return piece;
  }
  return std::nullopt;
}

CommandTemplate::Word CommandTemplate::parse_word(std::string_view text) const {
  Word word;
  std::size_t begin = 0;  // of the text since the last placeholder
  const auto add_text = [&](std::size_t end) {
    if (end > begin) word.push_back({.text = std::string(text.substr(begin, end - begin))});
  };
  std::size_t at = 0;
  std::size_t end = 0;
  while (std::optional<Piece> piece = next_placeholder(text, at, end)) {
    add_text(at);
    word.push_back(std::move(*piece));
    begin = at = end;
  }
  add_text(text.size());
  return word;
}

CommandTemplate::CommandTemplate(const std::vector<std::string>& words,
                                 const TemplateOptions& options)
    : options_(options), text_(words) {
  CHECK(!words.empty());
  bool has_placeholder = false;
  for (const std::string& word : words) {
    words_.push_back(parse_word(word));
    for (const Piece& piece : words_.back()) {
      has_placeholder = has_placeholder || piece.kind != Kind::text;
    }
  }
  if (!has_placeholder && options.append_input && options.replace.empty()) {
    words_.push_back({Piece{.kind = Kind::value}});
  }
  if (options.shell) script_ = make_script(options.sources);
}

Result<CommandTemplate> CommandTemplate::named(const std::vector<std::string>& header) const {
  TemplateOptions options = options_;
  options.names = options_.colsep.empty() ? header : columns(header.front());
  std::vector<std::string> sorted = options.names;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(
      sorted, [](const auto& a, const auto& b) { return !a.empty() && a == b; });
  if (twice == sorted.end()) return CommandTemplate(text_, options);
  return permanent(fmt::format("two columns are named \"{}\"", printable(*twice)));
}

CommandTemplate::Script CommandTemplate::make_script(std::size_t values) const {
  Script script{values, {}, {}};
  Quotes quotes;
  const auto add = [&](std::string_view text) {
    script.text += text;
    quotes.read(text);
  };
  // The number of the first parameter for the piece.
  const auto parameters_for = [&](const Piece& piece) {
    const auto known = std::ranges::find(script.parameters, Parameter{piece, 0});
    const auto place = static_cast<std::size_t>(known - script.parameters.begin()) + 1;
    if (known != script.parameters.end()) return place;
    const std::size_t count = is_list(piece) ? values : 1;
    for (std::size_t i = 0; i < count; ++i) script.parameters.push_back({piece, i});
    return place;
  };
  for (const Word& word : words_) {
    if (&word != &words_.front()) add(" ");
    for (const Piece& piece : word) {
      if (piece.kind == Kind::text) {
        add(piece.text);
        continue;
      }
      const std::size_t first = parameters_for(piece);
      const std::size_t count = is_list(piece) ? values : 1;
      for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) add(" ");
        script.text += quotes.use(first + i);
      }
    }
  }
  return script;
}

std::vector<std::string> CommandTemplate::fill(const std::vector<std::string>& values,
                                               std::uint64_t number) const {
  if (script_) return fill_script(values, number);
  std::vector<std::string> args;
  args.reserve(words_.size() + values.size());
  for (const Word& word : words_) {
    const std::size_t count = std::ranges::any_of(word, is_list) ? values.size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
      std::string& argument = args.emplace_back();
      for (const Piece& piece : word) argument += text_of(piece, values, i, number);
    }
  }
  return args;
}

std::vector<std::string> CommandTemplate::fill_script(const std::vector<std::string>& values,
                                                      std::uint64_t number) const {
  const bool is_made = script_->values == values.size();
  const Script other = is_made ? Script() : make_script(values.size());
  const Script& script = is_made ? *script_ : other;
  std::vector<std::string> args = {"/bin/sh", "-c", script.text, "sh"};
  args.reserve(args.size() + script.parameters.size());
  for (const auto& [piece, i] : script.parameters) {
    args.push_back(text_of(piece, values, i, number));
  }
  return args;
}

std::vector<std::string> CommandTemplate::columns(const std::vector<std::string>& values) const {
  if (varies_in_columns()) return columns(std::string_view(values.front()));
  return has_columns() ? values : std::vector<std::string>();
}

std::string CommandTemplate::column_name(std::size_t i) const {
  const std::vector<std::string>& names = options_.names;
  if (i < names.size() && !names[i].empty()) return names[i];
  std::string name = "arg" + std::to_string(i + 1);
  while (std::ranges::find(names, name) != names.end()) name += '_';
  return name;
}

/// Whether `name` may be a misspelled column: an identifier, perhaps followed by a part such as
/// `.`, that is not a placeholder.
bool CommandTemplate::is_unknown_name(std::string_view name) const {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  constexpr std::string_view kDigits = "0123456789";
  const std::string all = fmt::format("{}{}", kLetters, kDigits);
  if (name.empty() || kLetters.find(name.front()) == std::string_view::npos) return false;
  const std::size_t end = std::min(name.find_first_not_of(all), name.size());
  return part_named(name.substr(end)).has_value() && !placeholder_named(name);
}

std::string CommandTemplate::unknown_names() const {
  constexpr std::size_t kNameBytes = 60;
  constexpr std::size_t kListed = 10;
  std::vector<std::string> unknown;
  for (const std::string_view word : text_) {
    for (auto at = word.find('{'); at != std::string_view::npos; at = word.find('{', at + 1)) {
      const std::string_view name = word.substr(at + 1, word.find('}', at) - at - 1);
      const bool is_closed = at + 1 + name.size() < word.size();
      const bool is_variable = at > 0 && word[at - 1] == '$';
      if (!is_closed || is_variable || !is_unknown_name(name)) continue;
      std::string shown = fmt::format("{{{}}}", printable(name, kNameBytes));
      if (std::ranges::find(unknown, shown) == unknown.end()) unknown.push_back(std::move(shown));
    }
  }
  if (options_.names.empty() || unknown.empty()) return {};
  std::vector<std::string> columns;
  for (const std::string& name : options_.names) {
    if (columns.size() == kListed) {
      columns.emplace_back("...");
      break;
    }
    if (!name.empty()) columns.push_back(printable(name, kNameBytes));
  }
  return fmt::format("{} {}: the columns are {}", fmt::join(unknown, ", "),
                     unknown.size() == 1 ? "is not a column" : "are not columns",
                     fmt::join(columns, ", "));
}

std::size_t CommandTemplate::fixed_bytes() const {
  constexpr std::string_view kShell = "/bin/sh -c sh ";
  std::size_t bytes = script_ ? kShell.size() : 0;
  for (const Word& word : words_) {
    // In a script the words stay, and a placeholder takes room there and as a parameter.
    if (!script_ && std::ranges::any_of(word, is_list)) continue;
    ++bytes;
    for (const Piece& piece : word) {
      bytes += piece.kind == Kind::number ? kCountedDigits : piece.text.size();
    }
  }
  return bytes;
}

std::size_t CommandTemplate::bytes_of(std::string_view line) const {
  constexpr std::size_t kReference = 11;  // "${12345}" and a space
  std::size_t bytes = 0;
  for (const Word& word : words_) {
    if (std::ranges::none_of(word, is_list)) continue;
    if (!script_) ++bytes;
    for (const Piece& piece : word) {
      if (is_list(piece))
        bytes += part_of(line, piece.part).size() + (script_ ? kReference + 1 : 0);
      if (script_) continue;
      bytes += piece.kind == Kind::number ? kCountedDigits : piece.text.size();
    }
  }
  return bytes;
}

std::size_t CommandTemplate::bytes_at_most(std::size_t bytes, std::size_t values) const {
  constexpr std::size_t kDigits = 20;     // of a 64-bit number
  constexpr std::size_t kReference = 32;  // to a parameter of a script
  constexpr std::size_t kShell = 64;
  std::size_t all = script_ ? kShell : 0;
  for (const Word& word : words_) {
    const std::size_t count = std::ranges::any_of(word, is_list) ? values : 1;
    all += count * kBytesAWord;
    for (const Piece& piece : word) {
      all += piece.kind == Kind::text ? count * piece.text.size() : bytes + count * kDigits;
      if (script_ && piece.kind != Kind::text) all += count * (kReference + kBytesAWord);
    }
  }
  return all;
}

std::string CommandTemplate::text_of(const Piece& piece, const std::vector<std::string>& values,
                                     std::size_t i, std::uint64_t number) const {
  if (piece.kind == Kind::text) return piece.text;
  if (piece.kind == Kind::number) return std::to_string(number);
  if (piece.column > 0 && !options_.colsep.empty()) {
    return std::string(part_of(column(values[i], piece.column - 1), piece.part));
  }
  const std::string& value = values[piece.column > 0 ? piece.column - 1 : i];
  return std::string(part_of(options_.csv ? csv_text(value) : value, piece.part));
}

std::string_view CommandTemplate::part_of(std::string_view value, Part part) {
  switch (part) {
    case Part::all:
      return value;
    case Part::no_extension:
      return without_extension(value);
    case Part::base:
      return base(value);
    case Part::directory:
      return directory(value);
    case Part::base_no_extension:
      return without_extension(base(value));
  }
  return value;
}

std::string CommandTemplate::column(std::string_view line, std::size_t index) const {
  if (options_.csv) {
    std::vector<std::string> all = columns(line);
    return index < all.size() ? std::move(all[index]) : std::string();
  }
  const std::string& separator = options_.colsep;
  std::size_t begin = 0;
  for (; index > 0; --index) {
    const std::size_t end = line.find(separator, begin);
    if (end == std::string_view::npos) return {};
    begin = end + separator.size();
  }
  return std::string(line.substr(begin, line.find(separator, begin) - begin));
}

std::vector<std::string> CommandTemplate::columns(std::string_view line) const {
  const std::string& separator = options_.colsep;
  if (options_.csv) return csv_fields(line, separator.front());
  std::vector<std::string> all;
  for (;;) {
    const std::size_t end = line.find(separator);
    all.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return all;
    line.remove_prefix(end + separator.size());
  }
}

Result<std::string> parse_colsep(std::string_view text) {
  if (text.empty()) return permanent("expected a text such as , or \\t");
  std::string separator;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 1 < text.size();
    if (is_escape) ++i;
    if (is_escape && text[i] != 't' && text[i] != '\\') {
      return permanent("expected a text such as , or \\t, not a regular expression");
    }
    separator += is_escape && text[i] == 't' ? '\t' : text[i];
  }
  return separator;
}

}  // namespace rollcall::coordinator
