#!/usr/bin/env bash
# Runs the command line of rollcall@.service, and checks that systemd accepts the units of deploy/systemd
# without a warning and that they are hardened. Starts no system manager.
#   tests/system/systemd.sh PROGRAMS_DIRECTORY
# Prints why and exits with 77 if this machine cannot run it.
set -euo pipefail
programs=$(realpath "${1:?the directory of rollcall and rollcall-worker}")
here=$(realpath "$(dirname "$0")")
units=$(realpath "$here/../../deploy/systemd")
max_exposure=20 # in tenths; systemd rates up to 2.0 as "OK"

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# start_unit NAME COMMAND: runs what systemd starts for rollcall@NAME if NAME.conf has COMMAND=COMMAND.
start_unit() (
  export STATE_DIRECTORY=$directory/$1 RUNTIME_DIRECTORY=$directory/$1/run COMMAND=$2
  mkdir -p "$RUNTIME_DIRECTORY"
  cd "$STATE_DIRECTORY"
  mapfile -d '' words < <(python3 "$here/systemd_command.py" "$units/rollcall@.service" "$1")
  "${words[@]//\/usr\/bin\/rollcall/$programs/rollcall}"
)

# expect_output NAME COMMAND LINE...: the unit prints the lines, in any order, and the run is in its journal.
expect_output() {
  local name=$1 command=$2 report
  shift 2
  start_unit "$name" "$command" >"$directory/out" 2>"$directory/err" || { cat "$directory/err"; exit 1; }
  diff <(printf '%s\n' "$@") <(sort "$directory/out") || { echo "systemd: wrong output of: $command"; exit 1; }
  report=$("$programs/rollcall" report "$directory/$name/run.journal" --output json 2>/dev/null)
  grep -q "\"succeeded\": $#[,}]*$" <<<"$report" || { echo "systemd: not in the journal: $report"; exit 1; }
}

expect_output words 'exec --range 1-6 -- echo hello {}' 'hello '{1..6}
expect_output quotes "exec --range 1-2 --env 'PLACE=the moon' -- sh -c 'echo \"\$PLACE  \$0\"' {}" 'the moon  '{1,2}
start_unit words 'exec --range 1-6 -- echo hello {}' >"$directory/out" 2>"$directory/err" # after a restart
[ ! -s "$directory/out" ] || { echo 'systemd: a finished run starts again'; exit 1; }
status=0
start_unit empty '' 2>"$directory/err" || status=$?
if [ "$status" != 2 ] || ! grep -q 'COMMAND is empty' "$directory/err"; then
  echo "systemd: an empty COMMAND: exit $status"
  cat "$directory/err"
  exit 1
fi

if ! command -v systemd-analyze >/dev/null; then
  echo 'skipped: systemd-analyze is not installed'
  exit 77
fi
for path in "$units"/*.service; do
  unit=$directory/$(basename "$path")
  # verify requires that the program of the unit exists.
  sed "s|/usr/bin/rollcall|$programs/rollcall|" "$path" >"$unit"

  # Warnings do not change the exit status.
  warnings=$(systemd-analyze --man=no verify "$unit" 2>&1)
  [ -z "$warnings" ] || { echo "systemd-analyze verify: $warnings"; exit 1; }

  systemd-analyze security --offline=true --threshold="$max_exposure" "$unit" >"$directory/security" ||
    { cat "$directory/security"; exit 1; }
  tail -n 1 "$directory/security"
done
