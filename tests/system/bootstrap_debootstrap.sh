#!/usr/bin/env bash
# A fresh Debian, a fresh clone, the two commands: bootstrap_debootstrap.sh RELEASE (bookworm, trixie).
# Needs root, debootstrap and a mirror (ROLLCALL_MIRROR); else exits with 77 (skipped).
# Holds: script/run sets up by itself and runs; standard output is the program's alone; the second
# script/run says nothing of its own; script/test passes. ROLLCALL_BOOTSTRAP_ONLY=run leaves the tests out.
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
    umount "$root/proc" || return  # never remove a tree with something mounted in it
  fi
  rm -rf --one-file-system "$root"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

echo "== debootstrap $release from $mirror"
debootstrap --variant=minbase --include=git,ca-certificates "$release" "$root" "$mirror" \
  >"$root.log" 2>&1 || { tail -n 5 "$root.log"; rm -f "$root.log"; skip "no $release to be had"; }
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
[ "$(grep -c ' - done with sleep for ' "$root/out")" = 5 ] || fail 'five tasks are not done'
[ "$(wc -l <"$root/out")" = 12 ] || fail 'something else is on standard output'
grep -q '^script/bootstrap: running: env DEBIAN_FRONTEND=noninteractive apt-get ' "$root/err" ||
  fail 'the apt line was not printed'

echo '== script/run, second time'
inside 'script/run sleep --task-count 5 --pause 0.1 >/out 2>/err' || fail 'script/run, second time'
cat "$root/err"
! grep -q -e apt-get -e ninja -e cmake -e '^\[' "$root/err" || fail 'the set-up was not silent'

if [ "${ROLLCALL_BOOTSTRAP_ONLY:-}" != run ]; then
  echo '== script/test'
  inside 'script/test' >"$root/test.log" 2>&1 ||
    { grep -n -e 'error:' -e FAILED -e 'tests passed' "$root/test.log" | tail -n 40; fail 'script/test'; }
  tail -n 12 "$root/test.log"
fi
echo "passed on $release"
