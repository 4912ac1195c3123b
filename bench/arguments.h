// The command lines of the references: `--name VALUE` and `--flag`.
#pragma once

#include <map>
#include <string>

namespace rollcall::bench {

/// Whole numbers may be written as 20e6. A name that nothing asked for ends the program in check().
class Arguments {
 public:
  /// Ends the program with status 2 when an argument does not begin with "--".
  Arguments(int argc, char** argv);

  long long number(const std::string& name, long long otherwise);
  bool flag(const std::string& name);
  /// To be called when all has been asked for.
  void check() const;

 private:
  std::map<std::string, std::string> given_;
  std::map<std::string, bool> asked_;
};

}  // namespace rollcall::bench
