// Holds each rule to examples that break it and to ones that keep it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "tests/lint/rules.h"
#include "tests/lint/source.h"

namespace rollcall::lint {
namespace {

/// One small tree: the rule that it breaks, and where; line 0: it breaks none.
struct Example {
  std::string rule;
  std::string path;
  std::string text;
  std::size_t line;
};

std::ostream& operator<<(std::ostream& out, const Example& example) {
  return out << example.path << ":\n" << example.text;
}

class Judge : public testing::TestWithParam<Example> {};

std::string function(std::size_t count) {
  std::string text = "namespace a {\nTEST(A,\n     B) {\n";
  for (std::size_t i = 3; i < count; ++i) {
    text += "  if (x) {}\n";
  }
  return text + "}\n}\n";
}

/// What every example can refer to.
Sources around(const Example& example) {
  Sources sources = {
      {"CMakeLists.txt", "used common/globbed/*.cc\n"},
      {"common/model/ids.h", ""},
      {"coordinator/core/tasks/task_table.h", "std::unordered_map<int, int> held_;\n"}};
  std::erase_if(sources, [&](const Source& source) { return source.path == example.path; });
  sources.emplace_back(example.path, example.text);
  return sources;
}

TEST_P(Judge, IsJudged) {
  const auto rule = std::ranges::find(all_rules(), GetParam().rule, &Rule::name);
  ASSERT_NE(rule, all_rules().end()) << GetParam().rule;
  std::vector<std::size_t> found;
  for (const Finding& finding : rule->check(around(GetParam()))) {
    if (finding.path == GetParam().path) {
      EXPECT_FALSE(finding.advice.empty());
      found.push_back(finding.line);
    }
  }
  if (GetParam().line == 0) {
    EXPECT_THAT(found, testing::IsEmpty());
  } else {
    EXPECT_THAT(found, testing::Contains(GetParam().line));
  }
}

const std::string kHome = std::string("/ho") + "me/ada/x";

std::vector<Example> examples_of_layers_and_code() {
  return {
      {"CoreIncludes", "worker/core/a.cc", "#include <vector>\n#include \"common/model/ids.h\"\n",
       0},
      {"CoreIncludes", "worker/core/a.cc", "#include \"worker/core/a.h\"\n", 0},
      {"CoreIncludes", "worker/core/a.cc", "#include <thread>\n", 1},
      {"CoreIncludes", "worker/core/a.cc", "\n#include <boost/asio/post.hpp>\n", 2},
      {"CoreIncludes", "worker/core/a.cc", "#include <boost/sort/sort.hpp>\n", 0},
      {"CoreIncludes", "worker/core/a.cc", "#include <fmt/core.h>\n", 0},
      {"CoreIncludes", "worker/core/a.cc", "#include <fmt/ostream.h>\n", 1},
      {"CoreIncludes", "worker/core/a.cc", "#include <zmq.h>\n", 1},
      {"CoreIncludes", "coordinator/core/a.cc", "#include \"common/wire/codec.h\"\n", 1},
      {"CoreIncludes", "coordinator/core/a.cc", "#include \"common/os/clock.h\"\n", 1},
      {"CoreIncludes", "coordinator/core/a.cc", "#include \"coordinator/shell.h\"\n", 1},
      {"CoreIncludes", "common/base/a.cc", "#include \"common/os/clock.h\"\n", 1},
      {"CoreIncludes", "worker/a.cc", "#include <thread>\n", 0},
      {"ViewIncludes", "coordinator/view/a.cc", "#include <nlohmann/json.hpp>\n", 0},
      {"ViewIncludes", "coordinator/view/a.cc",
       "#include \"coordinator/exec/results/run_commands.h\"\n", 0},
      {"ViewIncludes", "coordinator/view/a.cc", "#include <unistd.h>\n", 1},
      {"ViewIncludes", "coordinator/view/a.cc", "#include \"common/os/clock.h\"\n", 1},
      {"ViewIncludes", "coordinator/view/a.cc",
       "#include \"coordinator/exec/results/exec_run.h\"\n", 1},
      {"ViewIncludes", "coordinator/output/a.cc", "#include <unistd.h>\n", 0},
      {"LibraryIncludes", "common/wire/codec.cc", "#include \"wire.pb.h\"\n", 0},
      {"LibraryIncludes", "worker/a.cc", "#include \"wire.pb.h\"\n", 1},
      {"LibraryIncludes", "common/net/a.cc", "#include <zmq.hpp>\n", 0},
      {"LibraryIncludes", "coordinator/a.cc", "#include <zmq.hpp>\n", 1},
      {"ProgramIncludes", "worker/a.cc", "#include \"coordinator/core/tasks/task_table.h\"\n", 1},
      {"ProgramIncludes", "coordinator/a.cc", "#include \"worker/a.h\"\n", 1},
      {"ProgramIncludes", "common/a.h", "#include \"worker/a.h\"\n", 1},
      {"IncludePaths", "common/a.cc", "#include \"common/model/ids.h\"\n", 0},
      {"IncludePaths", "common/a.cc", "#include \"ids.h\"\n", 1},
      {"Layers", "common/model/a.h", "#include \"common/base/check.h\"\n", 0},
      {"Layers", "common/base/a.h", "\n#include \"common/model/ids.h\"\n", 2},
      {"Layers", "coordinator/core/tasks/a.h", "#include \"coordinator/core/scheduler.h\"\n", 1},
      {"Layers", "coordinator/misc/a.h", "", 1},
      {"IncludeCycles", "common/a.h", "#include \"common/a.h\"\n", 1},
      {"IncludeCycles", "common/a.h", "#include \"common/model/ids.h\"\n", 0},
      {"Clock", "common/os/clock.cc", "clock_gettime(0, &t);\n", 0},
      {"Clock", "worker/a.cc", "x();\nauto t = std::chrono::steady_clock::now();\n", 2},
      {"Clock", "tests/sim/a.cc", "std::this_thread::sleep_for(1s);\n", 1},
      {"Clock", "worker/a.cc", "// steady_clock::now() is read elsewhere\n", 0},
      {"CoreWords", "worker/core/a.cc", "const auto t = now();\n", 1},
      {"CoreWords", "worker/core/a.cc", "step(now, \"now()\");  // throw\n", 0},
      {"CoreWords", "worker/core/a.cc", "throw 1;\n", 1},
      {"UnorderedIteration", "coordinator/core/tasks/task_table.cc", "for (auto& x : held_) {\n",
       1},
      {"UnorderedIteration", "coordinator/core/tasks/task_table.cc", "auto i = held_.begin();\n",
       1},
      {"UnorderedIteration", "coordinator/core/tasks/task_table.cc", "for (auto& x : upheld_) {\n",
       0},
      {"UnorderedIteration", "coordinator/core/tasks/task_table.cc", "held_.find(1);\n", 0},
      {"UnorderedIteration", "worker/core/a.cc",
       "boost::unordered_flat_map<int, int> m;\nfor (auto& x : m) {\n", 2},
      {"BannedCode", "tests/a.cc", "std::uniform_int_distribution<int> d(1, 6);\n", 1},
      {"BannedCode", "bench/a.cc", "srand(1); std::shuffle(a, b, c);\n", 1},
      {"BannedCode", "worker/a.cc", "operand(1); static_assert(true);\n", 0},
  };
}

std::vector<Example> examples_of_form_and_text() {
  return {
      {"Names", "worker/a.cc", "int master_count = 0;\n", 1},
      {"Names", "worker/a.cc", "int kMasterKeys = 0;\n", 1},
      {"Names", "worker/core/a.cc", "int client = 0;\n", 1},
      {"Names", "common/net/a.cc", "int server_key = 0; int jobless = 1;\n", 0},
      {"Kinds", "coordinator/kinds/a.cc", "if (id == KindId::exec) {}\n", 0},
      {"Kinds", "coordinator/run/a.cc", "void f(TaskKind& kind);\n", 0},
      {"Kinds", "coordinator/run/a.cc", "\nif (spec.kind == KindId::exec) {}\n", 2},
      {"Kinds", "coordinator/core/a.cc", "void f(TaskKind& kind);\n", 1},
      {"Kinds", "worker/a.cc", "if (kind == KindId::sleep) {}\n", 1},
      {"Sizes", "common/a.cc", function(69), 0},
      {"Sizes", "common/a.cc", function(70), 2},
      {"Headers", "common/a.h", "// What it is.\n#pragma once\n", 0},
      {"Headers", "common/a.h", "// What it is.\n", 1},
      {"Headers", "common/a.h", "#pragma once\n", 1},
      {"Headers", "common/a.h", "// A.\n#pragma once\nusing namespace std;\n", 3},
      {"WhiteSpace", "README.md", "a\n\tb\n", 2},
      {"WhiteSpace", "README.md", "a \n", 1},
      {"WhiteSpace", "README.md", "a", 1},
      {"WhiteSpace", "README.md", "a\n", 0},
      {"MachinePaths", "README.md", "cd " + kHome + "\n", 1},
      {"MachinePaths", "README.md", "cd ~/x\n", 0},
      {"Words", "docs/protocol.md", "Ask the Broker.\n", 1},
      {"Words", "docs/architecture.md", "Where is the broker?\n", 0},
      {"Links", "docs/a.md", "See [ids](../common/model/ids.h) and [it](https://x.org).\n", 0},
      {"Links", "docs/a.md", "See [ids](common/model/ids.h).\n", 1},
      {"Built", "common/used.cc", "", 0},
      {"Built", "common/unused.cc", "", 1},
      {"Built", "common/globbed/any.cc", "", 0},
      {"LimitsUsed", "common/limits.h", "\ninline constexpr int backlog = 1;\n", 2},
  };
}

const std::vector<Example>& examples() {
  static const std::vector<Example> all = [] {
    std::vector<Example> joined = examples_of_layers_and_code();
    std::ranges::move(examples_of_form_and_text(), std::back_inserter(joined));
    return joined;
  }();
  return all;
}

INSTANTIATE_TEST_SUITE_P(Lint, Judge, testing::ValuesIn(examples()), [](const auto& example) {
  return example.param.rule + std::to_string(example.index);
});

TEST(Lint, EveryRuleHasAFailingExample) {
  for (const Rule& rule : all_rules()) {
    EXPECT_TRUE(std::ranges::any_of(examples(), [&](const Example& example) {
      return example.rule == rule.name && example.line > 0;
    })) << rule.name;
  }
}

}  // namespace
}  // namespace rollcall::lint
