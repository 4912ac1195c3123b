// Filling command templates.
#include "coordinator/exec/input/command_template.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;

std::vector<std::string> filled(const std::vector<std::string>& words, std::string_view line,
                                const TemplateOptions& options = {}) {
  return CommandTemplate(words, options).fill({std::string(line)}, 7);
}

std::string one(const std::string& word, std::string_view line,
                const TemplateOptions& options = {}) {
  return filled({"x", word}, line, options)[1];
}

/// Runs a command and returns its standard output.
std::string run(const std::vector<std::string>& args) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::vector<char*> argv;
    for (const std::string& each : args) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    ::dup2(ends[1], 1);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> bytes{};
  for (ssize_t size = 0; (size = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
    text.append(bytes.data(), static_cast<std::size_t>(size));
  }
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  return text;
}

TEST(CommandTemplate, AppendsTheLineWithoutAPlaceholder) {
  EXPECT_THAT(filled({"gzip", "-9"}, "a b"), ElementsAre("gzip", "-9", "a b"));
  EXPECT_THAT(filled({"date"}, "5", {.append_input = false, .colsep = {}}), ElementsAre("date"));
  EXPECT_THAT(filled({"mv", "{}", "{}.old"}, "f"), ElementsAre("mv", "f", "f.old"));
  EXPECT_THAT(filled({"echo", "{#}"}, "f"), ElementsAre("echo", "7"));
}

TEST(CommandTemplate, SplitsPaths) {
  EXPECT_EQ(one("{.}", "a/b.tar.gz"), "a/b.tar");
  EXPECT_EQ(one("{.}", "a.d/b"), "a.d/b");
  EXPECT_EQ(one("{/}", "a/b.c"), "b.c");
  EXPECT_EQ(one("{/}", "b.c"), "b.c");
  EXPECT_EQ(one("{//}", "a/b/c"), "a/b");
  EXPECT_EQ(one("{//}", "/c"), "/");
  EXPECT_EQ(one("{//}", "c"), ".");
  EXPECT_EQ(one("{/.}", "a/b.c"), "b");
  EXPECT_EQ(one("{//}/{/}", "x/y/z.c"), "x/y/z.c");
}

TEST(CommandTemplate, SplitsColumns) {
  const TemplateOptions comma{.append_input = true, .shell = false, .colsep = ","};
  EXPECT_EQ(one("{2}-{1}-{3}", "a,b", comma), "b-a-");
  EXPECT_EQ(one("{2}", ",,c", comma), "");
  EXPECT_EQ(one("{}", "a,b", comma), "a,b");
  EXPECT_EQ(one("{1.} {2/} {1//} {2/.}", "a/b.c,d/e.f", comma), "a/b e.f a e");
  EXPECT_EQ(*parse_colsep("\\t"), "\t");
  EXPECT_EQ(*parse_colsep("\\\\t\\"), "\\t\\");
  EXPECT_EQ(*parse_colsep("a+"), "a+");
  for (const char* wrong : {"", "\\s+", "\\n"}) EXPECT_FALSE(parse_colsep(wrong)) << wrong;
}

TEST(CommandTemplate, NamesASingleSource) {
  TemplateOptions how;
  EXPECT_EQ(one("{1}-{}", "a.c", how), "{1}-a.c");
  how.names_sources = true;
  EXPECT_EQ(one("{1}-{1.}-{2}", "a.c", how), "a.c-a-{2}");
}

TEST(CommandTemplate, CopiesOtherBraces) {
  const TemplateOptions comma{.append_input = true, .shell = false, .colsep = ","};
  for (const char* word : {"{print}", "{", "}{", "{ }", "{0}", "{01}", "{-1}", "{1x}", "${A}",
                           "{a,b}", "{1,3}", "{99999999999999999999}", "{1#}"}) {
    EXPECT_EQ(one(word, "L"), word);
    EXPECT_EQ(one(word, "L", comma), word);
  }
  EXPECT_EQ(one("{{}}", "L"), "{L}");
  EXPECT_EQ(one("a{b{}c}", "L"), "a{bLc}");
}

/// {3} repeats in a regular expression, and parallel would replace it.
TEST(CommandTemplate, CopiesNumbersWithoutColumns) {
  EXPECT_THAT(filled({"grep", "-E", "[0-9]{3}"}, "f"), ElementsAre("grep", "-E", "[0-9]{3}", "f"));
  for (const char* word : {"a{1}b", "{1}", "{2.}", "x{1}/{2/}"}) EXPECT_EQ(one(word, "L"), word);
}

/// The values that GNU parallel 20221122 prints.
TEST(CommandTemplate, SplitsPathsLikeParallel) {
  const auto parts = [](std::string_view line) { return one("[{.}] [{/}] [{//}] [{/.}]", line); };
  EXPECT_EQ(parts("a/b.tar.gz"), "[a/b.tar] [b.tar.gz] [a] [b.tar]");
  EXPECT_EQ(parts(".hidden"), "[] [.hidden] [.] []");
  EXPECT_EQ(parts("a/.profile"), "[a/] [.profile] [a] []");
  EXPECT_EQ(parts("a/b/"), "[a/b/] [] [a] []");
  EXPECT_EQ(parts("/"), "[/] [] [/] []");
  EXPECT_EQ(parts("//x"), "[//x] [x] [/] [x]");
  EXPECT_EQ(parts("/c"), "[/c] [c] [/] [c]");
  EXPECT_EQ(parts("a.d/b"), "[a.d/b] [b] [a.d] [b]");
  EXPECT_EQ(parts("a."), "[a] [a.] [.] [a]");
  EXPECT_EQ(parts("a.b/"), "[a.b/] [] [.] []");
  EXPECT_EQ(parts(""), "[] [] [.] []");
}

TEST(CommandTemplate, HasTheValuesOfSeveralSources) {
  TemplateOptions two;
  two.sources = 2;
  two.names_sources = true;
  const auto filled_with = [&](const std::vector<std::string>& words) {
    return CommandTemplate(words, two).fill({"a/b.c", "d"}, 7);
  };
  EXPECT_THAT(filled_with({"x"}), ElementsAre("x", "a/b.c", "d"));
  EXPECT_THAT(filled_with({"x", "{2}-{1}", "{1/.}"}), ElementsAre("x", "d-a/b.c", "b"));
  EXPECT_THAT(filled_with({"x", "<{}{#}>", "y"}), ElementsAre("x", "<a/b.c7>", "<d7>", "y"));
  EXPECT_THAT(filled_with({"{.}:{/}:{2}"}), ElementsAre("a/b:b.c:d", "d:d:d"));
  EXPECT_THAT(filled_with({"x", "{3}", "{0}"}), ElementsAre("x", "{3}", "{0}", "a/b.c", "d"));
}

TEST(CommandTemplate, HasTheValuesOfSeveralSourcesInAScript) {
  TemplateOptions two;
  two.shell = true;
  two.sources = 2;
  two.names_sources = true;
  const auto printed = [&](const std::vector<std::string>& words) {
    return run(CommandTemplate(words, two).fill({"a  b", "$(c)"}, 7));
  };
  EXPECT_EQ(printed({"printf '<%s>' {}"}), "<a  b><$(c)>");
  EXPECT_EQ(printed({"printf '<%s>' {2} {} {1} {}"}), "<$(c)><a  b><$(c)><a  b><a  b><$(c)>");
  EXPECT_EQ(printed({"printf '<%s>' \"x {} y\""}), "<x a  b $(c) y>");
  EXPECT_EQ(printed({"printf '<%s>' 'x {} y'"}), "<x a  b $(c) y>");
  EXPECT_EQ(printed({"printf '<%s>'"}), "<a  b><$(c)>");
}

TEST(CommandTemplate, ReplacesOneTextOnly) {
  TemplateOptions at;
  at.replace = "@@";
  EXPECT_THAT(filled({"x", "{}@@{.}@@", "{1}", "@"}, "a.b", at),
              ElementsAre("x", "{}a.b{.}a.b", "{1}", "@"));
  EXPECT_THAT(filled({"date"}, "a", at), ElementsAre("date")) << "as with xargs -I";
  at.replace = "{}";
  EXPECT_THAT(filled({"x", "{} {.} {#}"}, "a.b", at), ElementsAre("x", "a.b {.} {#}"));
  at.shell = true;
  EXPECT_EQ(run(filled({"echo {} '{.}'"}, "a  b", at)), "a  b {.}\n");
}

/// As xargs counts, of which the tests in a terminal are: seq 30 | xargs -s 20 echo.
TEST(CommandTemplate, CountsBytesOfSeveralLines) {
  const auto counted = [](const std::vector<std::string>& words, std::size_t lines) {
    const CommandTemplate command(words, {});
    const std::vector<std::string> values(lines, "a/b.c");
    std::size_t actual = 0;
    for (const std::string& argument : command.fill(values, 1'234'567'890)) {
      actual += argument.size() + 1;
    }
    EXPECT_EQ(command.fixed_bytes() + lines * command.bytes_of("a/b.c"), actual);
    return actual;
  };
  EXPECT_EQ(counted({"echo"}, 2), 17U);
  EXPECT_EQ(counted({"echo", "x", "{/}:{#}", "{}"}, 3), 5U + 2U + 3U * 15U + 3U * 6U);
}

TEST(CommandTemplate, RunsAScriptForSeveralLines) {
  const TemplateOptions shell{.append_input = true, .shell = true, .colsep = {}};
  const CommandTemplate command({"printf '<%s>' {} {#}"}, shell);
  EXPECT_EQ(run(command.fill({"a b", "c", "$x"}, 7)), "<a b><c><$x><7>");
  EXPECT_EQ(run(command.fill({"d"}, 8)), "<d><8>");
  std::vector<std::string> many(5'000, "v");
  EXPECT_EQ(run(command.fill(many, 7)).size(), 15'003U);
}

TEST(CommandTemplate, DoesNotExpandPlaceholdersInValues) {
  EXPECT_EQ(one("{}", "{.} {#} {}"), "{.} {#} {}");
  EXPECT_EQ(one("{}", std::string("\n\xff")), "\n\xff");
}

TEST(CommandTemplate, RunsAShellScript) {
  const TemplateOptions shell{.append_input = true, .shell = true, .colsep = {}};
  EXPECT_EQ(run(filled({"echo {} | tr a-z A-Z"}, "abc", shell)), "ABC\n");
  EXPECT_EQ(run(filled({"echo", "x;", "echo"}, "abc", shell)), "x\nabc\n");
  EXPECT_EQ(run(filled({"echo {#} {/} {.} {/}"}, "d/f.c", shell)), "7 f.c d/f f.c\n");
}

TEST(CommandTemplate, NeverParsesAValueAsScript) {
  const TemplateOptions shell{.append_input = true, .shell = true, .colsep = {}};
  const std::string evil = "a  b'\"$(echo x)`echo y`;echo z\\ *";
  for (const char* script : {"printf %s {}", "printf %s \"{}\"", "printf %s '{}'",
                             "printf %s 'a'{}", "printf %s \\'{}", "printf %s \"it's {}\""}) {
    const std::string out = run(filled({script}, evil, shell));
    EXPECT_NE(out.find(evil), std::string::npos) << script << ": " << out;
  }
  EXPECT_EQ(run(filled({"printf '<%s>' \"$(printf %s {})\""}, "$(echo_x)", shell)), "<$(echo_x)>");
}

TEST(CommandTemplate, HasTheFieldsOfCsv) {
  TemplateOptions csv;
  csv.colsep = ",";
  csv.csv = true;
  EXPECT_EQ(one("{2}-{1}-{3}", "\"a,b\",c\r", csv), "c-a,b-");
  EXPECT_EQ(one("{}", "\"a,b\",c\r", csv), "\"a,b\",c");
  EXPECT_EQ(one("{1/.}", "\"x/y \"\"z\"\".txt\"", csv), "y \"z\"");
}

/// The words of a template with the columns of this header, filled with a line.
std::string named(const std::string& word, const std::string& header, std::string_view line,
                  const TemplateOptions& options) {
  const auto words = CommandTemplate({"x", word}, options).named({header});
  return words ? words->fill({std::string(line)}, 7).at(1) : words.error().message;
}

TEST(CommandTemplate, HasNamesOfColumns) {
  const TemplateOptions comma{.append_input = true, .shell = false, .colsep = ","};
  EXPECT_EQ(named("{b}{a}{c}", "a,b", "1,2", comma), "21{c}");
  EXPECT_EQ(named("{file.} {file/} {file//} {file/.}", "n,file", "1,d/f.gz", comma),
            "d/f f.gz d f");
  EXPECT_EQ(named("{2}{1}{#}{}", "1,2", "a,b", comma), "ba7a,b");
  EXPECT_EQ(named("{a.}", "a,a.", "1,2", comma), "2") << "the longest name counts";
  EXPECT_EQ(named("{two words}", "two words", "1", comma), "1");
  EXPECT_EQ(named("{a}", "a,b,a", "1", comma), "two columns are named \"a\"");
  EXPECT_EQ(named("{}", "a,,", "1,2,3", comma), "1,2,3") << "empty names name nothing";
}

std::string unknown_names(const std::vector<std::string>& command, const std::string& header) {
  const TemplateOptions comma{.append_input = true, .shell = false, .colsep = ","};
  return CommandTemplate(command, comma).named({header}).value().unknown_names();
}

TEST(CommandTemplate, NoticesNamesThatAreMisspelled) {
  EXPECT_EQ(unknown_names({"x", "{nmae}"}, "name,size"),
            "{nmae} is not a column: the columns are name, size");
  EXPECT_EQ(unknown_names({"{nmae/}-{Size.}{nmae/}", "{name}"}, "name,size,"),
            "{nmae/}, {Size.} are not columns: the columns are name, size");
  EXPECT_EQ(unknown_names({"{name}{size.}{name//}{}{1}{#}{3}"}, "name,size"), "");
  EXPECT_EQ(unknown_names({"${HOME} {two words} {a,b} {1x} {-x} {nmae"}, "name,size"), "");
  EXPECT_EQ(unknown_names({"{a{nmae}"}, "name"), "{nmae} is not a column: the columns are name");
  EXPECT_EQ(CommandTemplate({"{nmae}"}, {}).unknown_names(), "") << "there are no names";
}

TEST(CommandTemplate, WithoutColumnsTheLineHasTheName) {
  EXPECT_EQ(named("{host}:{1}", "host", "a,b", {}), "a,b:{1}");
  TemplateOptions two;
  two.sources = 2;
  two.names_sources = true;
  const auto words = CommandTemplate({"{y}{x}{2}"}, two).named({"x", "y"});
  ASSERT_TRUE(words);
  EXPECT_THAT(words->fill({"1", "2"}, 0), ElementsAre("212"));
}

TEST(CommandTemplate, ANameIsAPlaceholder) {
  const TemplateOptions comma{.append_input = true, .shell = false, .colsep = ","};
  const auto words = CommandTemplate({"echo", "{a}"}, comma).named({"a,b"});
  ASSERT_TRUE(words);
  EXPECT_THAT(words->fill({"1,2"}, 0), ElementsAre("echo", "1")) << "{} is not appended";
}

TEST(CommandTemplate, AScriptGetsFieldsAsParameters) {
  TemplateOptions csv;
  csv.shell = true;
  csv.colsep = ",";
  csv.csv = true;
  const auto words = CommandTemplate({"printf %s {text}"}, csv).named({"n,text"});
  ASSERT_TRUE(words);
  EXPECT_EQ(run(words->fill({"1,\"$(a)\n'b\""}, 0)), "$(a)\n'b");
}

}  // namespace
}  // namespace rollcall::coordinator
