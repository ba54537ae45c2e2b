# What the node has, as far as a container sees it.
# shellcheck shell=sh disable=SC2154

NVIDIA=0x10de

has_device() {
  for device in "$ROOT/dev/$1"*; do
    if [ -e "$device" ]; then return 0; fi
  done
  return 1
}

# other_vendor: whether graphics cards were handed to this guest, and none of them is NVIDIA's.
other_vendor() {
  ! has_device nvidia && has_device dri/renderD || return 1
  for device in "$ROOT"/dev/dri/renderD*; do
    if [ "$(cat "$ROOT/sys/class/drm/${device##*/}/device/vendor" 2>/dev/null)" = "$NVIDIA" ]; then return 1; fi
  done
}

# PCI ids of the node's NVIDIA display controllers.
cards() {
  for card in "$ROOT"/sys/bus/pci/devices/*; do
    [ "$(cat "$card/vendor" 2>/dev/null)" = "$NVIDIA" ] || continue
    case $(cat "$card/class") in 0x03*) cat "$card/device" ;; esac
  done | sort -u
}

# last_branch ID: the last branch of drivers for a card, nothing when there is no such end.
# Ids by chip: https://pci-ids.ucw.cz/read/PC/10de (Kepler 0fc0–12ff; Maxwell, Pascal and Volta 1340–1dff; Turing from 1e02).
# Ends: NVIDIA's "UNIX graphics feature deprecation schedule" and https://www.nvidia.com/en-us/drivers/unix/legacy-gpu/.
last_branch() {
  id=$(($1))
  if [ "$id" -ge $((0x0fc0)) ] && [ "$id" -le $((0x12ff)) ]; then
    echo 470
  elif [ "$id" -ge $((0x1340)) ] && [ "$id" -le $((0x1dff)) ]; then
    echo 580
  fi
}

# The lowest such branch of all cards.
branch_of_cards() {
  for card in $(cards); do last_branch "$card"; done | sort -n | head -n 1
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
