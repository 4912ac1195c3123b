#!/usr/bin/env bash
# Checks that systemd accepts the units of deploy/systemd without a warning, and that they are hardened.
#   tests/system/systemd.sh PROGRAMS_DIRECTORY
# Prints why and exits with 77 if this machine cannot run it.
set -euo pipefail
programs=$(realpath "${1:?the directory of rollcall and rollcall-worker}")
units=$(realpath "$(dirname "$0")/../../deploy/systemd")
max_exposure=20 # in tenths; systemd rates up to 2.0 as "OK"

if ! command -v systemd-analyze >/dev/null; then
  echo 'skipped: systemd-analyze is not installed'
  exit 77
fi
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
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
