#!/usr/bin/env bash
# The manifests of deploy/kubernetes are what Kubernetes takes, and their programs run as they say.
#   tests/system/kubernetes.sh FOLDER_OF_THE_PROGRAMS
# Exit status 77, with a word why: it cannot be done here.
set -euo pipefail
programs=$(realpath "${1:?the folder of rollcall and rollcall-worker}")
here=$(realpath "$(dirname "$0")")
python=/usr/bin/python3 # Debian's own: it has Debian's packages

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
