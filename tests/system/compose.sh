#!/usr/bin/env bash
# The Compose file is one that Compose understands. No engine is needed.
# Exit status 77, with a word why: it cannot be done here.
set -euo pipefail
file=$(realpath "$(dirname "$0")/../../deploy/compose.yaml")
if command -v docker-compose >/dev/null; then
  docker-compose -f "$file" config -q
elif docker compose version >/dev/null 2>&1; then
  docker compose -f "$file" config -q
else
  echo 'skipped: docker compose is not installed'
  exit 77
fi
