# What makes Docker fail in a container, looked for before anything is installed.
# shellcheck shell=sh disable=SC2016,SC2034

STORAGE_DRIVER=

look_for_traps() {
  [ "$(system_container)" = lxc ] || return 0
  can_nest || fail "docker: this container may not mount /proc in a namespace of its own, which every Docker container needs;" \
    "set lxc_features: {nesting: true} for the group docker_hosts, apply, and restart the guest"
  look_for_keys
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

# How many kernel keys must be free: a Docker container takes one as it starts, and so does each of its services.
KEYS_NEEDED=20

# Root of all unprivileged guests of a node is one user to its kernel, and has 200 keys by default (kernel.keys.maxkeys).
# Lines of /proc/key-users are "UID: usage nkeys/nikeys qnkeys/maxkeys qnbytes/maxbytes":
# https://docs.kernel.org/security/keys/core.html
look_for_keys() {
  set -- "$(awk '$1 == "0:" { split($4, keys, "/"); print keys[2] - keys[1] }' /proc/key-users 2>/dev/null)"
  if [ -z "$1" ] || [ "$1" -ge "$KEYS_NEEDED" ]; then return 0; fi
  set -- "only $1 kernel keys are left for the unprivileged guests of this node, which share them, and each Docker container takes one:" \
    "without any it does not start (\"unable to create session key: disk quota exceeded\");" \
    "on the node: sysctl kernel.keys.maxkeys=2000 kernel.keys.maxbytes=200000, and both as lines of /etc/sysctl.d/60-keys.conf"
  has_command dockerd || [ -n "$STEP_CHECK" ] || fail "docker: $*"
  note "$*"
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
