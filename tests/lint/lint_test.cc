// Checks the tree against the rules, and the C++ reader that the rules use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "tests/lint/rules.h"
#include "tests/lint/source.h"

namespace rollcall::lint {
namespace {

const Sources& tree() {
  static const Sources sources = read_tree(ROLLCALL_ROOT);
  return sources;
}

class Tree : public testing::TestWithParam<Rule> {};

TEST_P(Tree, FollowsTheRule) {
  ASSERT_GT(tree().size(), 20U) << "the tree was not found";
  for (const Finding& finding : GetParam().check(tree())) {
    ADD_FAILURE_AT(finding.path.c_str(), static_cast<int>(finding.line)) << finding.advice;
  }
}

INSTANTIATE_TEST_SUITE_P(Lint, Tree, testing::ValuesIn(all_rules()),
                         [](const auto& example) { return std::string(example.param.name); });

TEST(LongFiles, AreReported) {
  for (const Finding& file : long_files(tree())) {
    std::cout << "warning: " << file.path << ": " << file.advice << '\n';
  }
}

std::vector<std::size_t> lengths(const std::string& text) {
  std::vector<std::size_t> found;
  for (const Function& function : functions_of(Source("a.cc", text))) {
    found.push_back(function.line_count);
  }
  return found;
}

TEST(Functions, AreFoundInClassesTemplatesAndConstructors) {
  EXPECT_THAT(lengths("class A {\n public:\n  int f() {\n    return 1;\n  }\n};\n"),
              testing::ElementsAre(3));
  EXPECT_THAT(lengths("template <class T>\nT f() {\n}\n"), testing::ElementsAre(3));
  EXPECT_THAT(lengths("A::A(int n)\n    : a_{n}, b_(std::vector<int>{1}) {\n  x();\n}\n"),
              testing::ElementsAre(4));
  EXPECT_THAT(lengths("void f(B b = {}) {\n}\n"), testing::ElementsAre(2));
}

TEST(Functions, AreNotFoundInTypesValuesDirectivesAndLiterals) {
  EXPECT_THAT(lengths("struct A : B<int(int)> {\n  int x{f(1)};\n};\n"), testing::IsEmpty());
  EXPECT_THAT(lengths("constexpr std::array a = {\n  1,\n};\n"), testing::IsEmpty());
  EXPECT_THAT(lengths("#define F(x) \\\n  f(x) {\n"), testing::IsEmpty());
  EXPECT_THAT(lengths("auto s = R\"(f() {)\";\n// f() {\n"), testing::IsEmpty());
}

TEST(Code, ExcludesCommentsAndLiterals) {
  EXPECT_THAT(blank_comments_and_literals({"a /* b", "c */ d // e", "1'000 'x' \"/*\" f"}),
              testing::ElementsAre("a     ", "     d     ", "1'000 ' ' \"  \" f"));
}

}  // namespace
}  // namespace rollcall::lint
