#!/bin/sh
# sweep.sh CGROUP: kills whatever is left in the cgroup of a testbed and removes it. Changes nothing outside of it.
set -eu
name=$1
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mount -t cgroup2 none /mnt
top="/mnt/$name"
[ -d "$top" ] || exit 0
if [ -e "$top/cgroup.kill" ]; then echo 1 > "$top/cgroup.kill"; fi
tries=0
while [ "$(sed -n 's/^populated //p' "$top/cgroup.events")" = 1 ]; do
  if [ ! -e "$top/cgroup.kill" ]; then
    find "$top" -name cgroup.procs -exec cat {} + | while read -r pid; do
      if [ "$pid" -gt 1 ]; then kill -KILL "$pid" || true; fi
    done
  fi
  tries=$((tries + 1))
  if [ "$tries" -gt 200 ]; then
    echo "processes of $name do not end" >&2
    exit 1
  fi
  sleep 0.05
done
find "$top" -depth -type d -exec rmdir {} +
