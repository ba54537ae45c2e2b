# What is in place, and what is missing, card by card.
# shellcheck shell=sh disable=SC2154
GROUPS_OF_NODE=$ROOT/sys/kernel/iommu_groups

report_cards() {
  [ -s ./ids ] || {
    ok "no card is kept for VMs"
    report_reboot
    return 0
  }
  if [ -z "$(ls "$GROUPS_OF_NODE" 2>/dev/null)" ]; then
    note "IOMMU: off; restart the node. Is it still off then: switch on VT-d or AMD-Vi in the firmware"
  else
    ok "IOMMU: on"
  fi
  entries gpu_cards report_card
  report_reboot
}

report_card() {
  name=$(setting "$1_name")
  address=$(setting "$1_address")
  missing=
  group=
  link=$(readlink "$DEVICES/$address/iommu_group" 2>/dev/null) && group=${link##*/}
  [ -n "$group" ] || missing="$missing; no IOMMU group"
  look_at_driver "$address"
  each "$1_functions" look_at_driver
  others=$(others_in_group "$group" "$address")
  [ -z "$others" ] || missing="$missing; shares group $group with $others, which the VM would get, too"
  [ "$(cat "$DEVICES/$address/boot_vga" 2>/dev/null)" != 1 ] ||
    note "$name: it is the node's own screen, which stays dark from then on"
  subsystem=$(id_of "$address" subsystem_)
  if [ -z "$missing" ]; then ok "$name ($address): ready"; else note "$name ($address): missing: ${missing#; }"; fi
  [ -z "$group" ] || note "$name: in the inventory belong iommu_group: $group${subsystem:+, subsystem_id: \"$subsystem\"}"
}

look_at_driver() {
  driver=$(readlink "$DEVICES/$1/driver" 2>/dev/null) || driver=none
  driver=${driver##*/}
  [ "$driver" = vfio-pci ] || missing="$missing; $1 is bound to $driver, not to vfio-pci"
}

# PCI bridges (class 0604) of a group are never handed over.
others_in_group() {
  [ -n "$1" ] || return 0
  for other in "$GROUPS_OF_NODE/$1/devices"/*; do
    other=${other##*/}
    ! grep -qxF -e "$other" ./addresses || continue
    case $(cat "$DEVICES/$other/class" 2>/dev/null) in 0x0604*) continue ;; esac
    [ ! -e "$DEVICES/$other" ] || printf '%s ' "$other"
  done | sed 's/ $//'
}

# The mark is the boot during which something changed: it holds until the next one.
report_reboot() {
  if [ -n "$(remembered gpu-reboot)" ] && remembered gpu-reboot | cmp -s - "$ROOT/proc/sys/kernel/random/boot_id"; then
    note "a restart of the node is needed, and is yours to do: reboot when its guests can be without it"
  elif [ -n "$(remembered gpu-reboot)" ]; then
    remember gpu-reboot </dev/null
  fi
}
