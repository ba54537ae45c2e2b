# What the node has, as far as a container sees it.
# shellcheck shell=sh disable=SC2154

# other_vendor: whether graphics cards were handed to this guest, and none of them is NVIDIA's.
other_vendor() {
  ! has_device nvidia && has_device dri/renderD || return 1
  for device in "$ROOT"/dev/dri/renderD*; do
    if [ "$(cat "$ROOT/sys/class/drm/${device##*/}/device/vendor" 2>/dev/null)" = "$NVIDIA" ]; then return 1; fi
  done
}

# look_at_node: leaves the version of the loaded kernel module in $module.
look_at_node() {
  branch=$(branch_of_cards)
  if [ ! -r "$ROOT/proc/driver/nvidia/version" ]; then
    fail "nvidia: the node has no NVIDIA kernel module loaded, and a container cannot load one." \
      "On the node: install the driver${branch:+ of branch $branch, the last one for its card}, run modprobe nvidia_uvm," \
      "look with nvidia-smi, and apply again. No driver wanted: nvidia_cfg: {driver: none}." \
      "No NVIDIA card: enable_gpu: false"
  fi
  module=$(awk '/^NVRM version:/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+(\.[0-9]+)?$/) { print $i; exit } }' \
    "$ROOT/proc/driver/nvidia/version")
  [ -n "$module" ] || fail "nvidia: no version in /proc/driver/nvidia/version: $(head -n 1 "$ROOT/proc/driver/nvidia/version")"
  if [ -n "$branch" ] && [ "${module%%.*}" -gt "$branch" ]; then
    note "the node's module is $module, and it has a card that no branch after $branch drives; install branch $branch on the node"
  fi
  for device in nvidiactl nvidia-uvm; do
    has_device "$device" || note "there is no /dev/$device in this guest; is it among proxmox_node.gpus.<name>.devices, and there on the node (nvidia-modprobe -u -c 0)?"
  done
}
