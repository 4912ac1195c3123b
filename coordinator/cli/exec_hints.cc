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
    Entry{"--process-slot-var", kBoth, "is the variable ROLLCALL_SLOT, from 1"},
    Entry{"--jobs", kParallel, "is --slots, or -j"},
    Entry{"-N --max-replace-args", kParallel,
          "is -n; for {1} and {2} of two lines: paste - - | "
          "rollcall exec --colsep '\\t'"},
    Entry{"-X -m --xargs", kParallel, "is -n N or --max-chars N"},
    Entry{"-C", kParallel, "is --colsep"},
    Entry{"--jl", kParallel, "is --joblog"},
    Entry{"--res", kParallel, "is --results, without the output, which --output-dir writes"},
    Entry{"-S --sshlogin --sshloginfile --slf -M --controlmaster --ssh --ssh-delay --sshdelay",
          kParallel,
          "is not available: workers on other machines join with the file of --access-file"},
    Entry{"--filter-hosts", kParallel, "is not needed: only workers that have joined get commands"},
    Entry{"--hostgroups --hgrp", kParallel, "is not available: every worker may get every command"},
    Entry{"--onall --nonall", kParallel,
          "is not available: a task runs once, on whichever worker is free"},
    Entry{"--transfer --transferfile --tf --return --cleanup --trc --basefile --bf --rsync-opts",
          kParallel, "is not available: commands find their files on the machine of their worker"},
    Entry{"--lb --linebuffer", kParallel, "is --line-buffer"},
    Entry{"--latest-line --ll", kParallel,
          "is not available; --line-buffer --tag prints each line"},
    Entry{"--group", kParallel, "is not needed: the output of a command always stays together"},
    Entry{"--spreadstdin", kParallel, "is --pipe"},
    Entry{"--block-size", kParallel, "is --block"},
    Entry{"--pipe-part --pipepart", kParallel,
          "is not available; use: rollcall exec --pipe < FILE"},
    Entry{"--round-robin --round --roundrobin", kParallel,
          "is not available: each block has a command of its own"},
    Entry{"--cat --fifo", kParallel, "is not available: the block is on standard input"},
    Entry{"--regexp", kParallel, "is not available: --recstart and --recend are texts"},
    Entry{"--keeporder", kParallel, "is --keep-order"},
    Entry{"--no-keep-order --silent --gnu", kParallel, "is not needed: it is the default"},
    Entry{"--dryrun", kParallel, "is --dry-run"},
    Entry{"-v", kParallel, "is --dry-run, which runs nothing, or --joblog FILE"},
    Entry{"--bar", kParallel, "is --progress bar, the default on a terminal"},
    Entry{"--eta", kParallel, "is not needed: progress has it"},
    Entry{"--total-jobs --total", kParallel,
          "is not available: progress shows how many lines have arrived"},
    Entry{"--link --xapply", kParallel, "is :::+, or ::::+"},
    Entry{"--plus --rpl --parens", kParallel,
          "is not available; a script (--shell) can compute what it needs"},
    Entry{"--extensionreplace --er --basenamereplace --bnr --basenameextensionreplace --bner "
          "--dirnamereplace --dnr --seqreplace",
          kParallel, "is not available: {.}, {/}, {/.}, {//} and {#} stay as they are"},
    Entry{"--slotreplace", kParallel, "is not available; the slot is the variable ROLLCALL_SLOT"},
    Entry{"--trim", kParallel, "is not available; sed can remove spaces before"},
    Entry{"--filter", kParallel, "is not available; filter the input before"},
    Entry{"--shuf", kParallel, "is: shuf FILE | rollcall exec"},
    Entry{"--skip-first-line", kParallel, "is: tail -n +2 FILE | rollcall exec"},
    Entry{"--quote", kParallel, "is not needed: no shell reads the command without --shell"},
    Entry{"--shell-quote", kParallel, "is not available; --dry-run quotes commands for a shell"},
    Entry{"--tagstring --tagstr", kParallel, "is --tag, which prints the line"},
    Entry{"--ctag --ctagstring", kParallel, "is --tag, without colours"},
    Entry{"--color", kParallel, "is not available; --tag shows which command has printed a line"},
    Entry{"--color-failed --cf", kParallel, "is not available: failures are listed at the end"},
    Entry{"--files --output-as-files --outputasfiles", kParallel, "is --output-dir DIR"},
    Entry{"--compress --compress-program --decompress-program", kParallel,
          "is not available: output waits in --spool-dir as it is"},
    Entry{"--tmux --tmuxpane", kParallel,
          "is not available; rollcall follow TASK shows the output of one command"},
    Entry{"--wd --workdir", kParallel, "is --cwd DIR"},
    Entry{"--tmpdir --tempdir", kParallel, "is --spool-dir DIR"},
    Entry{"--resume-failed --retry-failed", kParallel,
          "is: rollcall resume JOURNAL --retry-failed, after a run with --journal JOURNAL"},
    Entry{"--halt-on-error", kParallel, "is --halt WHEN,WHAT=N, such as soon,fail=1 or now,fail=1"},
    Entry{"--term-seq --termseq", kParallel, "is --kill-after D, the time from SIGTERM to SIGKILL"},
    Entry{"--load --noswap", kParallel,
          "is not available; -j limits how many commands run at once"},
    Entry{"--limit", kParallel, "is not available; rollcall pause starts nothing more"},
    Entry{"--memfree --memsuspend", kParallel,
          "is not available; --max-memory limits the memory of each command"},
    Entry{"--record-env --session", kParallel,
          "is not available; --env NAME=VALUE sets a variable"},
    Entry{"--profile -J", kParallel, "is not available; an alias of the shell can have options"},
    Entry{"--plain", kParallel, "is not needed: no file contains options"},
    Entry{"--will-cite --no-notice --citation --bibtex", kParallel, "is not needed"},
    Entry{"--semaphore --semaphore-name --semaphorename --id --semaphore-timeout --st --fg --bg "
          "--wait",
          kParallel, "is not available; flock runs one command at a time"},
    Entry{"--arg-sep --arg-file-sep", kParallel, "is not available: ::: and :::: stay as they are"},
    Entry{"--sql --sql-master --sql-worker --sql-and-worker", kParallel,
          "is not available: workers join with the file of --access-file"},
    Entry{"--number-of-threads", kParallel, "is: nproc"},
    Entry{"--number-of-cpus --number-of-cores --number-of-sockets", kParallel, "is: lscpu"},
    Entry{"--use-cores-instead-of-threads --use-cpus-instead-of-cores "
          "--use-sockets-instead-of-threads",
          kParallel, "is not available; -j N sets how many commands run at once"},
    Entry{"--max-line-length-allowed", kParallel,
          "is not available; getconf ARG_MAX prints the limit of the system"},
    Entry{"--minversion", kParallel, "is not available; --version prints the version"},
    Entry{"--shell-completion", kParallel,
          "is not needed: completions are installed with the program"},
    Entry{"--bin --block-timeout --bt --embed --group-by --_parset --remove-rec-sep --removerecsep "
          "--rrs --shard --shebang --hashbang --shebang-wrap --tee --template --tmpl",
          kParallel, "is not available"},
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
