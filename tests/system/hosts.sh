#!/usr/bin/env bash
# Runs over several hosts, each in a network namespace of its own: hosts.sh PROGRAMS_FOLDER [TEST...]
# Exit status 77, with a word why: it cannot be done here.
set -euo pipefail
command -v python3 >/dev/null || { echo 'skipped: python3 is not installed (script/bootstrap --checks)'; exit 77; }
exec python3 -B "$(dirname "$0")/hosts_test.py" "$@"
