#!/usr/bin/env bash
# The systemd unit says nothing that systemd does not understand, and is hardened.
#   tests/integration/systemd.sh PATH_OF_ROLLCALL_WORKER
# Exit status 77, with a word why: it cannot be done here.
set -euo pipefail
worker=$(realpath "${1:?the path of rollcall-worker}")
unit=$(realpath "$(dirname "$0")/../../deploy/systemd/rollcall-worker.service")
most_exposure=20 # tenths; systemd calls up to 2.0 "OK"

if ! command -v systemd-analyze >/dev/null; then
  echo 'skipped: systemd-analyze is not installed'
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The unit names the installed program; verify wants it to be there.
sed "s|/usr/bin/rollcall-worker|$worker|" "$unit" >"$folder/rollcall-worker.service"

# It warns with exit status 0.
said=$(systemd-analyze --man=no verify "$folder/rollcall-worker.service" 2>&1)
[ -z "$said" ] || { echo "systemd-analyze verify says: $said"; exit 1; }

systemd-analyze security --offline=true --threshold="$most_exposure" \
  "$folder/rollcall-worker.service" >"$folder/security" ||
  { cat "$folder/security"; exit 1; }
tail -n 1 "$folder/security"
