# Keeps graphics cards of a node for VMs: IOMMU, VFIO's modules, and the cards bound to vfio-pci at boot. Never restarts the node.
# Settings: gpu_cards, a list of {name, vendor, address, device_id, functions}; empty: what was set up before is taken away.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh
. ./cards.sh
. ./boot.sh
. ./report.sh

MODULES=$ROOT/etc/modules-load.d/proxmox-lab-vfio.conf
OPTIONS=$ROOT/etc/modprobe.d/proxmox-lab-vfio.conf

# The node's own drivers wait for vfio-pci, which takes the cards by their ids (Proxmox VE Administration Guide, PCI(e) Passthrough).
drivers() {
  case $1 in
    nvidia) echo "nouveau nvidia nvidiafb nvidia_drm" ;;
    amd) echo "amdgpu radeon" ;;
    intel) echo "i915 xe" ;;
  esac
}

modprobe_options() {
  printf 'options vfio-pci ids=%s\n' "$(paste -s -d , ./ids)"
  { sort -u ./vendors | while read -r vendor; do drivers "$vendor" | tr ' ' '\n'; done && echo snd_hda_intel; } |
    while read -r driver; do printf 'softdep %s pre: vfio-pci\n' "$driver"; done
}

# A file that is part of what the node boots from.
boot_file() {
  cat >./wanted
  file_is ./wanted "$1" 644 root:root || owe gpu-owed initramfs
  install_file "$1" 644 <./wanted
}

gone_boot_file() {
  [ -e "$1" ] || return 0
  owe gpu-owed initramfs
  remove_file "$1"
}

pay_boot() {
  case $1 in
    initramfs) change "initramfs" update-initramfs -u -k all ;;
    loader) change "boot loader" refresh_loader ;;
  esac
  [ -n "$STEP_CHECK" ] || remember gpu-reboot <"$ROOT/proc/sys/kernel/random/boot_id"
}

find_cards
if [ -s ./ids ]; then
  printf 'vfio\nvfio_iommu_type1\nvfio_pci\n' | boot_file "$MODULES"
  modprobe_options | boot_file "$OPTIONS"
  set_command_line
else
  gone_boot_file "$MODULES"
  gone_boot_file "$OPTIONS"
  clear_command_line
fi
pay gpu-owed pay_boot
report_cards
