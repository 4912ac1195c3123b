#!/usr/bin/env bash
# The systemd units say nothing that systemd does not understand, and are hardened.
#   tests/system/systemd.sh FOLDER_OF_THE_PROGRAMS
# Exit status 77, with a word why: it cannot be done here.
set -euo pipefail
programs=$(realpath "${1:?the folder of rollcall and rollcall-worker}")
units=$(realpath "$(dirname "$0")/../../deploy/systemd")
most_exposure=20 # tenths; systemd calls up to 2.0 "OK"

if ! command -v systemd-analyze >/dev/null; then
  echo 'skipped: systemd-analyze is not installed'
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for path in "$units"/*.service; do
  unit=$folder/$(basename "$path")
  # The unit names the installed program; verify wants it to be there.
  sed "s|/usr/bin/rollcall|$programs/rollcall|" "$path" >"$unit"

  # It warns with exit status 0.
  said=$(systemd-analyze --man=no verify "$unit" 2>&1)
  [ -z "$said" ] || { echo "systemd-analyze verify says: $said"; exit 1; }

  systemd-analyze security --offline=true --threshold="$most_exposure" "$unit" >"$folder/security" ||
    { cat "$folder/security"; exit 1; }
  tail -n 1 "$folder/security"
done
