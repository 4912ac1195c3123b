#!/usr/bin/env bash
# Runs a Python test that speaks the protocol:
#   tests/interop/python.sh SCRIPT PROGRAMS_DIRECTORY [TEST...]
# Prints why and exits with status 77 if this machine cannot run it.
set -euo pipefail
script=${1:?the test to run}
shift
here=$(cd "$(dirname "$0")" && pwd)

skip() { echo "skipped: $*"; exit 77; }
command -v protoc >/dev/null || skip 'protoc is not installed (protobuf-compiler)'
generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT
protoc -I "$here/../../proto" --python_out="$generated" wire.proto
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$generated:$here

# Whether an interpreter has ZeroMQ with CURVE, and a protobuf that can import the output of protoc.
speaks_the_protocol() {
  "$1" -c 'import sys, zmq, wire_pb2; sys.exit(not zmq.has("curve"))' >"$generated/why" 2>&1
}
python=
for candidate in python3 /usr/bin/python3; do
  if speaks_the_protocol "$candidate"; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || skip "python3-zmq and python3-protobuf are needed (script/bootstrap --checks):" \
  "$(tail -n 1 "$generated/why")"
"$python" "$script" "$@"
