#!/usr/bin/env bash
# Runs script/run and script/test in a fresh clone on a fresh Debian:
#   bootstrap_debootstrap.sh RELEASE    (bookworm, trixie)
# Checks that script/run installs what it needs, that standard output contains only the output of the
# program, that a second script/run prints nothing of its own, and that script/test passes.
# ROLLCALL_BOOTSTRAP_ONLY=run omits script/test.
# Needs root, debootstrap and a mirror (ROLLCALL_MIRROR); otherwise prints why and exits with 77.
set -euo pipefail

release=${1:?"usage: bootstrap_debootstrap.sh RELEASE"}
mirror=${ROLLCALL_MIRROR:-http://deb.debian.org/debian}
repository=$(cd "$(dirname "$0")/../.." && pwd)

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*"; exit 1; }

[ "$(id -u)" = 0 ] || skip 'a chroot needs root'
command -v debootstrap >/dev/null || skip 'debootstrap is not installed (script/bootstrap --all)'
command -v git >/dev/null || skip 'git is not installed'

root=$(mktemp -d "${TMPDIR:-/tmp}/rollcall-$release.XXXXXX")
clean_up() {
  if mountpoint -q "$root/proc"; then
    umount "$root/proc" || return  # never remove a tree with a file system mounted in it
  fi
  rm -rf --one-file-system "$root"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

echo "== debootstrap $release from $mirror"
debootstrap --variant=minbase --include=git,ca-certificates "$release" "$root" "$mirror" \
  >"$root.log" 2>&1 || { tail -n 5 "$root.log"; rm -f "$root.log"; skip "cannot install $release"; }
rm -f "$root.log"
git clone --quiet --no-hardlinks "$repository" "$root/rollcall"
mount -t proc proc "$root/proc" || skip 'mounting proc is not allowed'

inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin CI=true \
    /bin/bash -c "cd /rollcall && $1" </dev/null
}

echo '== script/run, first time'
inside 'script/run sleep --task-count 5 --pause-max 2 >/out 2>/err' ||
  { tail -n 40 "$root/err"; fail 'script/run'; }
cat "$root/out"
[ "$(grep -c ' - done with sleep for ' "$root/out")" = 5 ] || fail 'not all five tasks are done'
[ "$(wc -l <"$root/out")" = 12 ] || fail 'standard output has other lines'
grep -q '^script/bootstrap: running: env DEBIAN_FRONTEND=noninteractive apt-get ' "$root/err" ||
  fail 'the apt-get command was not printed'

echo '== script/run, second time'
inside 'script/run sleep --task-count 5 --pause 0.1 >/out 2>/err' || fail 'script/run, second time'
cat "$root/err"
! grep -q -e apt-get -e ninja -e cmake -e '^\[' "$root/err" || fail 'the set-up printed something'

if [ "${ROLLCALL_BOOTSTRAP_ONLY:-}" != run ]; then
  echo '== script/test'
  inside 'script/test' >"$root/test.log" 2>&1 ||
    { grep -n -e 'error:' -e FAILED -e 'tests passed' "$root/test.log" | tail -n 40; fail 'script/test'; }
  tail -n 12 "$root/test.log"
fi
echo "passed on $release"
