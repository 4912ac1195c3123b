#!/usr/bin/env bash
# Checks the manifests of deploy/kubernetes against the Kubernetes schemas, and runs their programs.
#   tests/system/kubernetes.sh PROGRAMS_DIRECTORY
# Prints why and exits with 77 if this machine cannot run it.
set -euo pipefail
programs=$(realpath "${1:?the directory of rollcall and rollcall-worker}")
here=$(realpath "$(dirname "$0")")
python=/usr/bin/python3 # Debian's interpreter, which finds Debian's packages

for module in yaml jsonschema kubernetes; do
  if ! "$python" -c "import $module" 2>/dev/null; then
    echo "skipped: python3-$module is not installed"
    exit 77
  fi
done
"$python" -B "$here/manifests.py" "$here/../../deploy/kubernetes" "$programs"

if command -v kubectl >/dev/null; then
  kubectl kustomize "$here/../../deploy/kubernetes" >/dev/null
fi
