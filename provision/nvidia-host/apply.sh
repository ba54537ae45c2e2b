# NVIDIA's driver on a node, for its containers. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/state.sh
. ./lib/nvidia.sh

VERSION=$node_nvidia_driver_version
NOUVEAU=$ROOT/etc/modprobe.d/proxmox-lab-nouveau.conf
MODULES=$ROOT/etc/modules-load.d/proxmox-lab-nvidia.conf
UNIT=proxmox-lab-nvidia.service

fits_cards() {
  [ -n "$(cards)" ] || fail "node_nvidia_driver: this node has no NVIDIA card; take the variable from it"
  branch=$(branch_of_cards)
  [ -z "$branch" ] || [ "${VERSION%%.*}" -le "$branch" ] ||
    fail "node_nvidia_driver: $VERSION drives a card of this node no more: branch $branch is the last one for it; choose a version $branch.…"
}

# The open driver of the kernel would hold the cards.
away_with_nouveau() {
  printf 'blacklist nouveau\noptions nouveau modeset=0\n' >./nouveau
  file_is ./nouveau "$NOUVEAU" 644 root:root || owe nvidia-owed initramfs
  install_file "$NOUVEAU" 644 <./nouveau
  pay nvidia-owed pay_initramfs
  [ -d "$ROOT/sys/module/nouveau" ] || return 0
  [ -z "$STEP_CHECK" ] || return 0
  fail "node_nvidia_driver: the kernel's own driver, nouveau, still holds a card. It is switched off for the next boot:" \
    "restart the node when its guests can be without it, and apply again"
}

pay_initramfs() { change "initramfs" update-initramfs -u -k all; }

loaded_module() {
  awk '/^NVRM version:/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+(\.[0-9]+)?$/) { print $i; exit } }' \
    "$ROOT/proc/driver/nvidia/version" 2>/dev/null || :
}

# The version of the module on disk, which the next boot loads.
built_module() { modinfo -F version nvidia 2>/dev/null || :; }

set_driver() {
  if [ "$(built_module)" = "$VERSION" ] && has_command nvidia-smi; then
    ok "driver $VERSION"
  else
    # "NVIDIA vGPU on Proxmox VE" names these for building a module for Proxmox VE's kernels.
    packages dkms libc6-dev proxmox-default-headers curl ca-certificates
    change "driver $VERSION" install_driver
  fi
}

install_driver() {
  unpack_runfile node_nvidia_driver
  set -- --dkms
  # Cards before Turing have no firmware that the open module could talk to.
  if [ -n "$branch" ] && installer_knows --kernel-module-type; then set -- "$@" --kernel-module-type=proprietary; fi
  # Without it the installer gives up, unasked, while another version's module is loaded (nvidia-installer, kernel.c).
  running=--allow-installation-with-running-driver
  if [ -n "$(loaded_module)" ] && installer_knows "$running"; then set -- "$@" "$running"; fi
  run_unpacked "$@"
}

# Without a screen nobody loads the modules and makes the device files, which containers need when they start.
set_devices() {
  printf 'nvidia\nnvidia_uvm\n' | install_file "$MODULES" 644
  install_file "$ROOT/etc/systemd/system/$UNIT" 644 <<'CONF'
[Unit]
Description=Device files of NVIDIA's cards
After=systemd-modules-load.service
Before=pve-guests.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/nvidia-modprobe -u -c 0
ExecStart=/usr/bin/nvidia-smi -L

[Install]
WantedBy=multi-user.target
CONF
  [ "$STEP_LAST" = ok ] || [ -n "$STEP_CHECK" ] || systemctl daemon-reload
  run_service "$UNIT"
}

is_as_wanted() {
  now=$(loaded_module)
  if [ "$now" = "$VERSION" ]; then
    ok "module $VERSION is loaded"
  elif [ -n "$STEP_CHECK" ]; then
    note "the module that is loaded is ${now:-none}"
  else
    fail "node_nvidia_driver: $VERSION is installed, and the module that is loaded is ${now:-none}: guests still use it." \
      "Restart the node when they can be without it, and apply again"
  fi
}

fits_cards
away_with_nouveau
set_driver
if [ -z "$STEP_CHECK" ] && [ -z "$(loaded_module)" ]; then modprobe nvidia_uvm; fi
is_as_wanted
set_devices
[ -n "$STEP_CHECK" ] || note "$(nvidia-smi -L)"
