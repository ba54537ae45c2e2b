# Discs in the drives of a VM, on its node.
# Settings: vmid; ide2 and ide0: a volume such as local:iso/file.iso, or nothing for an empty drive.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh

CONFIG=${VM_CONFIG:-/etc/pve/qemu-server}/$vmid.conf
[ -f "$CONFIG" ] || fail "VM $vmid is not on this node: there is no $CONFIG; is proxmox_vm.node right, and was the VM created?"

# drive NAME [pending]: what the configuration says of it, snapshots left out; nothing when there is no such drive.
drive() {
  awk -v key="$1:" -v part="${2:-}" '
    /^\[/ { here = tolower($0); next }
    (part == "pending" ? here == "[pending]" : here == "") && $1 == key { print $2 }' "$CONFIG"
}

# What is in force at the next start.
wanted_of() {
  waiting=$(drive "$1" pending)
  printf '%s' "${waiting:-$(drive "$1")}"
}

put() { qm set "$vmid" "--$1" "$2,media=cdrom" >/dev/null; }

place() {
  volume=$(setting "$1")
  now=$(wanted_of "$1")
  case $now in
    *media=cdrom* | "") ;;
    *)
      [ -n "$volume" ] || return 0
      fail "VM $vmid: $1 holds a disk ($now), where a disc is to go; move that disk to another drive"
      ;;
  esac
  case $now in *cloudinit*) return 0 ;; esac
  if [ -z "$volume" ]; then
    case $now in
      "" | none,*) ok "VM $vmid: no disc in $1" ;;
      *) change "VM $vmid: disc taken out of $1" put "$1" none ;;
    esac
  elif [ "${now%%,*}" = "$volume" ]; then
    ok "VM $vmid: $volume in $1"
  else
    change "VM $vmid: $volume put into $1" put "$1" "$volume"
  fi
}

# A drive that a running VM did not have yet is there at its next start. With nothing on its disks, that may be now.
restart_if_harmless() {
  [ -n "$(drive ide0 pending)$(drive ide2 pending)" ] || return 0
  status=$(qm status "$vmid" --verbose)
  running=$(printf '%s\n' "$status" | awk '$1 == "status:" { print $2 }')
  written=$(printf '%s\n' "$status" | awk '$1 == "diskwrite:" { print $2 }')
  uptime=$(printf '%s\n' "$status" | awk '$1 == "uptime:" { print $2 }')
  [ "$running" = running ] || return 0
  # OVMF itself writes its variables, less than one MiB. What goes to a disk that is passed through is not counted, so a VM that
  # has run for longer is never cut off.
  if [ "${written:-1048576}" -lt 1048576 ] && [ "${uptime:-900}" -lt 900 ]; then
    change "VM $vmid: restarted for its drives, with nothing yet on its disks" restart
  else
    note "VM $vmid: its new drive is there after the next start; when it suits: qm shutdown $vmid && qm start $vmid"
  fi
}

restart() {
  qm stop "$vmid" >/dev/null
  qm start "$vmid" >/dev/null
}

for each in ide2 ide0; do place "$each"; done
restart_if_harmless
