# Kernel settings and the scheduler of disks.
# shellcheck shell=sh disable=SC2154
PROFILE=/etc/sysctl.d/60-proxmox-lab-profile.conf
OWN=/etc/sysctl.d/61-proxmox-lab-own.conf
DISKS=/etc/udev/rules.d/60-proxmox-lab-disks.rules

set_profile() {
  if [ "${node_profile:-none}" = virtualization ]; then
    sysctl_file "$PROFILE" <files/virtualization.conf
    install_file "$DISKS" 644 <files/disks.rules
  else
    gone "$PROFILE"
    gone "$DISKS"
  fi
  [ "$STEP_LAST" = ok ] || ! has_command udevadm || change "disks" trigger_disks
  if [ "${node_sysctl_COUNT:-0}" -gt 0 ]; then
    each node_sysctl own_setting >./own
    sysctl_file "$OWN" <./own
  else
    gone "$OWN"
  fi
}

own_setting() { printf '%s = %s\n' "${1%%=*}" "${1#*=}"; }

# sysctl_file PATH: standard input, loaded before it is kept, so that a name that the kernel does not know is never kept.
sysctl_file() {
  cat >./sysctl
  if [ -z "$STEP_CHECK" ] && ! file_is ./sysctl "$1" 644 root:root; then
    said=$(sysctl -q -p ./sysctl 2>&1) || fail "node_sysctl: the kernel refuses ${1##*/}: $said"
  fi
  install_file "$1" 644 <./sysctl
}

gone() {
  STEP_LAST=ok
  [ ! -e "$1" ] || remove_file "$1"
}

trigger_disks() {
  udevadm control --reload
  udevadm trigger --subsystem-match=block --action=change
}
