#include "tests/lint/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

namespace rollcall::lint {

namespace {

namespace fs = std::filesystem;

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Directorys of the root that hold no sources of the project.
bool is_unassigned(const std::string& directory) {
  return directory.starts_with("build") || (directory.starts_with(".") && directory != ".ci");
}

bool is_text(const std::string& content) {
  return content.find('\0') == std::string::npos;
}

/// Blanks comments and literals, one character at a time; keeps its state from line to line.
class Blanker {
 public:
  std::string operator()(const std::string& line) {
    std::string out(line.size(), ' ');
    in_line_comment_ = false;
    for (std::size_t i = 0; i < line.size();) {
      i += in_block_comment_   ? skip_block_comment(line, i)
           : !raw_end_.empty() ? skip_raw(line, i)
                               : step(line, i, out);
      if (in_line_comment_) {
        break;
      }
    }
    return out;
  }

 private:
  std::size_t skip_block_comment(const std::string& line, std::size_t i) {
    const std::size_t end = line.find("*/", i);
    in_block_comment_ = end == std::string::npos;
    return (in_block_comment_ ? line.size() : end + 2) - i;
  }

  std::size_t skip_raw(const std::string& line, std::size_t i) {
    const std::size_t end = line.find(raw_end_, i);
    if (end == std::string::npos) {
      return line.size() - i;
    }
    return end + std::exchange(raw_end_, {}).size() - i;
  }

  static std::size_t skip_quoted(const std::string& line, std::size_t i) {
    std::size_t end = i + 1;
    while (end < line.size() && line[end] != line[i]) {
      end += line[end] == '\\' ? 2 : 1;
    }
    return std::min(end + 1, line.size()) - i;
  }

  std::size_t step(const std::string& line, std::size_t i, std::string& out) {
    const std::string_view rest = std::string_view(line).substr(i);
    const bool after_word = i > 0 && is_word_character(line[i - 1]);
    if (rest.starts_with("//")) {
      in_line_comment_ = true;
      return rest.size();
    }
    if (rest.starts_with("/*")) {
      in_block_comment_ = true;
      return 2;
    }
    if (rest.starts_with("R\"") && !after_word) {
      const std::size_t open = std::min(rest.find('('), rest.size());
      raw_end_ = ")" + std::string(rest.substr(2, open - 2)) + "\"";
      return std::min(open + 1, rest.size());
    }
    if (rest[0] == '"' || (rest[0] == '\'' && !after_word)) {
      out[i] = rest[0];
      const std::size_t length = skip_quoted(line, i);
      out[i + length - 1] = rest[0];
      return length;
    }
    out[i] = rest[0];
    return 1;
  }

  bool in_line_comment_ = false;
  bool in_block_comment_ = false;
  std::string raw_end_;  ///< the end mark of the raw literal around this place; empty: outside
};

}  // namespace

Source::Source(std::string file_path, const std::string& text)
    : path(std::move(file_path)), ends_with_newline(text.empty() || text.back() == '\n') {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  if (is_cpp()) {
    code = blank_comments_and_literals(lines);
  }
}

bool Source::is_cpp() const {
  return path.ends_with(".cc") || is_header();
}

bool Source::is_header() const {
  return path.ends_with(".h");
}

bool Source::is_core() const {
  return is_in("coordinator/core/") || is_in("worker/core/");
}

bool Source::is_product() const {
  return is_in("coordinator/") || is_in("worker/") || is_in("common/") || is_in("proto/");
}

std::vector<Source> read_tree(const fs::path& root) {
  std::vector<Source> sources;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    const fs::path path = fs::relative(entry->path(), root);
    if (entry->is_directory() && entry.depth() == 0 && is_unassigned(path.string())) {
      entry.disable_recursion_pending();
    }
    if (!entry->is_regular_file() || entry->is_symlink() || path == ".git") {  // of a worktree
      continue;
    }
    std::ifstream file(entry->path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (is_text(text)) {
      sources.emplace_back(path.generic_string(), text);
    }
  }
  std::ranges::sort(sources, {}, &Source::path);
  return sources;
}

std::vector<std::string> blank_comments_and_literals(const std::vector<std::string>& lines) {
  std::vector<std::string> code;
  code.reserve(lines.size());
  Blanker blank;
  for (const std::string& line : lines) {
    code.push_back(blank(line));
  }
  return code;
}

std::string included(std::string_view line) {
  if (!line.starts_with("#include ")) {
    return {};
  }
  const std::size_t open = line.find_first_of("\"<");
  if (open == std::string_view::npos) {
    return {};
  }
  const std::size_t end = line.find_first_of("\">", open + 1);
  return std::string(line.substr(open, end - open));
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool open_before =
        at > 0 && is_word_character(word.front()) && is_word_character(text[at - 1]);
    const bool open_after =
        end < text.size() && is_word_character(word.back()) && is_word_character(text[end]);
    if (!open_before && !open_after) {
      return true;
    }
  }
  return false;
}

}  // namespace rollcall::lint
