// A file of the tree as the lint rules see it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::lint {

/// One text file. A value.
struct Source {
  Source(std::string path, const std::string& text);

  std::string path;                ///< from the root of the repository, with '/'
  std::vector<std::string> lines;  ///< as they stand
  std::vector<std::string> code;   ///< C++: the same lines, comments and literals blanked out
  bool ends_with_newline = true;

  bool is_cpp() const;
  bool is_header() const;
  bool is_in(std::string_view directory) const { return path.starts_with(directory); }
  /// In coordinator/core/ or worker/core/.
  bool is_core() const;
  /// In coordinator/, worker/, common/ or proto/.
  bool is_product() const;
};

/// Every text file under `root` that belongs to the project, in order of path.
std::vector<Source> read_tree(const std::filesystem::path& root);

/// The line without comments and literals, of each line of C++.
std::vector<std::string> blank_comments_and_literals(const std::vector<std::string>& lines);

/// What stands between the marks of an #include line, its opening mark ('"' or '<') included;
/// empty for any other line.
std::string included(std::string_view line);

/// True if `word` stands in `text` with no letter, digit or '_' at either side. A word that begins
/// or ends with another character is not bounded on that side.
bool has_word(std::string_view text, std::string_view word);

/// One function body of clang-formatted C++.
struct Function {
  std::size_t first_line = 0;  ///< 0-based, of its signature
  std::size_t line_count = 0;
};
std::vector<Function> functions_of(const Source& source);

}  // namespace rollcall::lint
