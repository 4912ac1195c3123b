#!/usr/bin/env bash
# Tests the packages on a Debian without build tools: packages.sh BUILD_DIRECTORY
# Checks that the .deb installs with its dependencies, runs, and leaves no file behind when it is
# removed, and that the archive runs from any directory.
# Needs root, debootstrap and a mirror (ROLLCALL_MIRROR); otherwise prints why and exits with 77.
set -euo pipefail

build=$(realpath "${1:?"usage: packages.sh BUILD_DIRECTORY"}")
mirror=${ROLLCALL_MIRROR:-http://deb.debian.org/debian}

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*"; exit 1; }

[ "$(id -u)" = 0 ] || skip 'a chroot needs root'
for program in debootstrap cpack dpkg-shlibdeps; do
  command -v "$program" >/dev/null || skip "$program is not installed (script/bootstrap --all)"
done
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

root=$(mktemp -d "${TMPDIR:-/tmp}/rollcall-packages.XXXXXX")
clean_up() {
  if mountpoint -q "$root/proc"; then
    umount "$root/proc" || return # never remove a tree with a file system mounted in it
  fi
  rm -rf --one-file-system "$root" "$root.log" "$root.packages"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

quietly() { "$@" >"$root.log" 2>&1 || { tail -n 20 "$root.log"; return 1; }; }

inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    DEBIAN_FRONTEND=noninteractive /bin/bash -c "$1" </dev/null
}

# All files except those that the package manager and the system write themselves.
installed_files() {
  find "$root" -xdev \( -path "$root/proc" -o -path "$root/var" -o -path "$root/tmp" \
    -o -path "$root/etc/ld.so.cache" \) -prune -o -printf '%P\n' | sort
}

runs() {
  inside "$1 sleep --task-count 20 --pause-min 0 --pause-max 0.5" >"$root.log" 2>&1 ||
    { cat "$root.log"; fail "$1 does not run"; }
  grep -q '^20 async tasks validated in ' "$root.log" || { cat "$root.log"; fail "$1: not validated"; }
}

echo '== cpack'
quietly cpack --config "$build/CPackConfig.cmake" -B "$root.packages" || fail 'cpack'
deb=$(find "$root.packages" -maxdepth 1 -name '*.deb')
archive=$(find "$root.packages" -maxdepth 1 -name '*.tar.gz')
echo "$(basename "$deb"), $(basename "$archive"); depends on $(dpkg-deb -f "$deb" Depends)"

echo "== debootstrap $release from $mirror"
quietly debootstrap --variant=minbase "$release" "$root" "$mirror" || skip "cannot install $release"
mount -t proc proc "$root/proc" || skip 'mounting proc is not allowed'
cp "$deb" "$root/rollcall.deb"
! inside 'command -v cc cmake make' || fail 'a build tool is installed'
quietly inside 'apt-get -q update' || fail 'apt-get update'

echo '== the Debian package'
dependencies=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/,/ /g')
quietly inside "apt-get -q -y --no-install-recommends install $dependencies" ||
  fail 'cannot install the dependencies'
installed_files >"$root.before"
quietly inside 'apt-get -q -y install /rollcall.deb' || fail 'cannot install the package'
inside 'rollcall --version && rollcall-worker --version'
runs rollcall
quietly inside 'apt-get -q -y remove --purge rollcall' || fail 'cannot remove the package'
! inside 'command -v rollcall rollcall-worker' || fail 'a program was not removed'
if ! installed_files | diff "$root.before" - >"$root.log"; then
  cat "$root.log"
  rm -f "$root.before"
  fail 'a file was not removed'
fi
rm -f "$root.before"

echo '== the archive, in two directories'
for directory in /opt/here '/srv/with space'; do
  mkdir -p "$root$directory"
  tar -xzf "$archive" -C "$root$directory" --strip-components=1
  runs "'$directory/bin/rollcall'"
done
echo "passed on $release"
