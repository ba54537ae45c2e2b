# What makes Docker fail in a container, looked for before anything is installed.
# shellcheck shell=sh disable=SC2016,SC2034

STORAGE_DRIVER=

look_for_traps() {
  [ "$(system_container)" = lxc ] || return 0
  can_nest || fail "docker: this container may not mount /proc in a namespace of its own, which every Docker container needs;" \
    "set lxc_features: {nesting: true} for the group docker_hosts, apply, and restart the guest"
  if overlay_works; then
    ok "overlay file system"
  elif [ -c /dev/fuse ]; then
    STORAGE_DRIVER=fuse-overlayfs
    packages fuse-overlayfs
    note "the storage of this guest allows no overlay mounts (a ZFS pool older than 2.2 does not): Docker uses fuse-overlayfs, which is slower"
  else
    fail "docker: the storage of this guest allows no overlay mounts (a ZFS pool older than 2.2 does not);" \
      "put the guest on another storage, or set lxc_features: {fuse: true} so that fuse-overlayfs can be used"
  fi
}

system_container() {
  tr '\0' '\n' </proc/1/environ 2>/dev/null | sed -n 's/^container=//p'
}

can_nest() { unshare --mount --pid --fork --mount-proc true 2>/dev/null; }

# On the file system that images will lie on: the folder may be a mount of its own.
overlay_works() {
  images=/var/lib/docker
  [ -d "$images" ] || images=/var/lib
  probe=$(mktemp -d "$images/.proxmox-lab-overlay.XXXXXX")
  mkdir "$probe/lower" "$probe/upper" "$probe/work" "$probe/all"
  overlay=1
  unshare --mount sh -c 'mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/all" && echo x >"$1/all/x"' \
    probe "$probe" 2>/dev/null || overlay=0
  rm -rf "$probe"
  [ "$overlay" = 1 ]
}
