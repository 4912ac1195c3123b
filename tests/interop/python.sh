#!/usr/bin/env bash
# A Python test that speaks the protocol: tests/interop/python.sh SCRIPT PROGRAMS_FOLDER [TEST...]
# Exit status 77, with a word why: it cannot be done here.
set -euo pipefail
script=${1:?the test to run}
shift
here=$(cd "$(dirname "$0")" && pwd)

skip() { echo "skipped: $*"; exit 77; }
command -v protoc >/dev/null || skip 'protoc is not installed (protobuf-compiler)'
python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import zmq, google.protobuf' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || skip 'python3-zmq or python3-protobuf is not installed (script/bootstrap --checks)'

generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT
protoc -I "$here/../../proto" --python_out="$generated" wire.proto
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$generated:$here "$python" "$script" "$@"
