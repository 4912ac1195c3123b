#!/usr/bin/env bash
# Checks that Compose accepts deploy/compose.yaml, and that no worker can end the run. No container engine is
# needed. Prints why and exits with 77 if this machine cannot run it.
set -euo pipefail
deploy=$(realpath "$(dirname "$0")/../../deploy")
file=$deploy/compose.yaml
if command -v docker-compose >/dev/null; then
  config=$(docker-compose -f "$file" config)
elif docker compose version >/dev/null 2>&1; then
  config=$(docker compose -f "$file" config)
else
  echo 'skipped: docker compose is not installed'
  exit 77
fi

# expect_lines REGEX COUNT
expect_lines() {
  [ "$(grep -cE "$1" <<<"$config")" = "$2" ] || { echo "compose: not $2 lines \"$1\" in: $config"; exit 1; }
}
expect_lines '^    restart: on-failure$' 1 # the worker
expect_lines '^    read_only: true$' 2
expect_lines '^ *- /tmp$' 2

# This option ends the run when any container exits. --exit-code-from implies it.
! grep -En '^[^(]*(--abort-on-container|--exit-code-from)' "$file" "$deploy/README.md" ||
  { echo 'compose: one dead worker ends the run'; exit 1; }
