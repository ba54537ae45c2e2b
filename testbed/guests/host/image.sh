#!/bin/sh
# image.sh FOLDER NAME SHIFT SUITE PACKAGES MIRRORLINES-FILE: an unpacked root filesystem FOLDER/NAME.SHIFT whose
# owners start at SHIFT, made from FOLDER/NAME.tar.zst, which is made first when it is not there.
set -eu
folder=$1 name=$2 shift=$3 suite=$4 packages=$5 sources=$6
ready="$folder/$name.$shift.ready"
[ ! -e "$ready" ] || exit 0

# One maker per image, also across testbeds; the lock ends with this process.
exec 9> "$folder/$name.lock"
flock 9
[ ! -e "$ready" ] || exit 0

if [ ! -e "$folder/$name.tar.zst" ]; then
  # In mounts of its own and a folder of ours: were it killed, it would leave proc and sys mounted in the host's /tmp.
  work="$folder/$name.work"
  rm -rf --one-file-system "$work"
  mkdir "$work"
  # shellcheck disable=SC2016 # the hooks are expanded by mmdebstrap's shell
  TMPDIR="$work" unshare --mount --propagation private mmdebstrap --variant=minbase --include="$packages" --format=tar \
    --customize-hook='mkdir -p "$1/usr/local/share/ca-certificates"' \
    --customize-hook='cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null || true' \
    --customize-hook='cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/" 2>/dev/null || true' \
    --customize-hook='rm -f "$1"/etc/ssh/ssh_host_*' \
    "$suite" - - < "$sources" 2> "$folder/$name.log" | zstd -q -3 > "$folder/$name.partial" || {
    rm -f "$folder/$name.partial"
    grep -E '^E: ' "$folder/$name.log" >&2 || tail -n 3 "$folder/$name.log" >&2
    exit 1
  }
  if grep -q '^E: ' "$folder/$name.log"; then
    rm -f "$folder/$name.partial"
    grep '^E: ' "$folder/$name.log" >&2
    exit 1
  fi
  mv "$folder/$name.partial" "$folder/$name.tar.zst"
  rm -rf --one-file-system "$work"
fi

# Unpacked by a user namespace, so that owners, setuid bits and file capabilities all shift.
printf 'root:%s:65536\n' "$shift" > "$folder/$name.subid"
export folder name shift
# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --propagation private sh -eu -c '
  mount -t tmpfs tmpfs /mnt
  mkdir /mnt/images
  mount --bind "$folder" /mnt/images
  mount --bind "/mnt/images/$name.subid" /etc/subuid
  mount --bind "/mnt/images/$name.subid" /etc/subgid
  target="/mnt/images/$name.$shift"
  rm -rf "$target"
  mkdir "$target"
  chown "$shift:$shift" "$target"
  zstd -dc "/mnt/images/$name.tar.zst" | lxc-usernsexec -m "b:0:$shift:65536" -- \
    tar --numeric-owner --xattrs --xattrs-include="*" -xf - -C "$target" --exclude="./dev/*"
'
: > "$ready"
