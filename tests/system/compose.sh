#!/usr/bin/env bash
# Checks that Compose accepts deploy/compose.yaml. No container engine is needed.
# Prints why and exits with 77 if this machine cannot run it.
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
