#include "coordinator/cli/exec_hints.h"

#include <fmt/core.h>

#include <array>
#include <sstream>
#include <string>
#include <string_view>

namespace rollcall::coordinator {
namespace {

struct Entry {
  std::string_view options;  ///< separated by spaces
  std::string_view program;
  std::string_view text;
};

constexpr std::string_view kBoth = "xargs and parallel";
constexpr std::string_view kXargs = "xargs";
constexpr std::string_view kParallel = "parallel";

constexpr std::array kEntries = {
    Entry{"-P --max-procs", kBoth, "is -j"},
    Entry{"-L -l --max-lines", kBoth, "is -n"},
    Entry{"-i --replace", kBoth, "is -I STRING"},
    Entry{"--arg-file", kBoth, "is --each-line, or -a"},
    Entry{"-r --no-run-if-empty", kBoth, "is not needed: without input nothing is run"},
    Entry{"-t --verbose", kBoth, "is --dry-run, which runs nothing, or --joblog FILE"},
    Entry{"-p --interactive", kBoth, "is not available; --dry-run prints the commands"},
    Entry{"-x --exit", kBoth, "is not needed: a line that exceeds --max-chars is an error"},
    Entry{"-E -e --eof", kBoth, "is not available; filter the input before"},
    Entry{"-d --delimiter", kBoth,
          "is not available: a line ends with a newline, or a NUL with -0;"
          " tr changes other separators"},
    Entry{"--show-limits", kBoth, "is not available; --max-chars has its limit in --help-all"},
    Entry{"--open-tty --tty", kBoth, "is not available: commands run without a terminal"},
    Entry{"--process-slot-var", kXargs, "is the variable ROLLCALL_SLOT, from 1"},
    Entry{"--jobs", kParallel, "is --slots, or -j"},
    Entry{"-N --max-replace-args", kParallel,
          "is -n; for {1} and {2} of two lines: paste - - | "
          "rollcall exec --colsep '\\t'"},
    Entry{"-X -m --xargs", kParallel, "is -n N or --max-chars N"},
    Entry{"-C", kParallel, "is --colsep"},
    Entry{"-S --sshlogin --sshloginfile --slf -M --controlmaster", kParallel,
          "is not available: workers on other machines join with the file of --access-file"},
    Entry{"--transfer --transferfile --tf --return --cleanup --trc --basefile --bf", kParallel,
          "is not available: commands find their files on the machine of their worker"},
    Entry{"--lb --linebuffer", kParallel, "is --line-buffer"},
    Entry{"--group", kParallel, "is not needed: the output of a command always stays together"},
    Entry{"--spreadstdin", kParallel, "is --pipe"},
    Entry{"--block-size", kParallel, "is --block"},
    Entry{"--pipepart --pipe-part", kParallel, "is --pipe with --each-line FILE"},
    Entry{"--round --round-robin --roundrobin --tee --cat --fifo --regexp", kParallel,
          "is not available: with --pipe, each command reads one block from its stdin"},
    Entry{"--keeporder", kParallel, "is --keep-order"},
    Entry{"--dryrun", kParallel, "is --dry-run"},
    Entry{"--bar", kParallel, "is --progress bar, the default on a terminal"},
    Entry{"--eta", kParallel, "is not needed: progress has it"},
    Entry{"--link --xapply", kParallel, "is :::+, or ::::+"},
    Entry{"--plus --rpl", kParallel, "is not available"},
    Entry{"--trim", kParallel, "is not available; sed can remove spaces before"},
    Entry{"--shuf", kParallel, "is: shuf FILE | rollcall exec"},
    Entry{"--quote", kParallel, "is not needed: no shell reads the command without --shell"},
    Entry{"--tagstring --tagstr", kParallel, "is --tag, which prints the line"},
    Entry{"--files", kParallel, "is --output-dir DIR"},
    Entry{"--wd --workdir", kParallel, "is --cwd"},
    Entry{"--tmpdir --tempdir", kParallel, "is --spool-dir"},
    Entry{"--resume-failed --retry-failed", kParallel,
          "is: rollcall resume JOURNAL --retry-failed, after a run with --journal JOURNAL"},
    Entry{"--halt-on-error", kParallel, "is --halt soon,fail=1 or now,fail=1"},
    Entry{"--termseq", kParallel, "is --kill-after, the time from SIGTERM to SIGKILL"},
    Entry{"--sshdelay --load --memfree --memsuspend --noswap --limit", kParallel,
          "is not available; -j limits how many commands run at once"},
    Entry{"--will-cite --no-notice --citation --bibtex", kParallel, "is not needed"},
    Entry{"--semaphore --semaphore-name --semaphorename --id --fg --bg --wait", kParallel,
          "is not available"},
    Entry{"--arg-sep --arg-file-sep", kParallel, "is not available: ::: and :::: stay as they are"},
    Entry{"--number-of-cpus --number-of-cores --number-of-threads --number-of-sockets", kParallel,
          "is: nproc"},
};

}  // namespace

std::vector<cli::Hint> exec_hints() {
  std::vector<cli::Hint> hints;
  for (const Entry& entry : kEntries) {
    std::istringstream options{std::string(entry.options)};
    for (std::string option; options >> option;) {
      hints.push_back({option, fmt::format("{} of {} {}", option, entry.program, entry.text)});
    }
  }
  return hints;
}

}  // namespace rollcall::coordinator
