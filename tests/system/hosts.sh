#!/usr/bin/env bash
# Tests runs over several hosts, each in its own network namespace: hosts.sh PROGRAMS_DIRECTORY [TEST...]
# Prints why and exits with 77 if this machine cannot run it.
set -euo pipefail
command -v python3 >/dev/null || { echo 'skipped: python3 is not installed (script/bootstrap --checks)'; exit 77; }
exec python3 -B "$(dirname "$0")/hosts_test.py" "$@"
