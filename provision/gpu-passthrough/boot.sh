# The kernel's command line, by the boot loader in use.
# shellcheck shell=sh disable=SC2154
CMDLINE=$ROOT/etc/kernel/cmdline
GRUB=$ROOT/etc/default/grub.d/proxmox-lab-iommu.cfg

# Proxmox VE Administration Guide, Host Bootloader: ESPs that proxmox-boot-tool looks after are set up for UEFI with
# systemd-boot ("configured with: uefi"), or for GRUB; without it, GRUB alone.
loader() {
  if [ -d "$ROOT/sys/firmware/efi" ] && [ -s "$ROOT/etc/kernel/proxmox-boot-uuids" ] && has_command proxmox-boot-tool &&
    proxmox-boot-tool status 2>/dev/null | grep -q 'configured with: uefi'; then
    echo systemd-boot
  elif [ -f "$ROOT/etc/default/grub" ]; then
    echo grub
  else
    fail "gpu: neither /etc/default/grub nor ESPs of proxmox-boot-tool are here, so the boot loader is not known"
  fi
}

# Intel's IOMMU is off by default before Linux 6.8, AMD's on in every one (Documentation/admin-guide/kernel-parameters.txt knows
# no amd_iommu=on). With iommu=pt the node's own devices do not pay for it.
parameters() {
  if grep -q GenuineIntel "$ROOT/proc/cpuinfo"; then echo "intel_iommu=on iommu=pt"; else echo "iommu=pt"; fi
}

refused_parameters() {
  for file in "$CMDLINE" "$ROOT/etc/default/grub"; do
    [ -f "$file" ] || continue
    off=$(grep -v '^[[:space:]]*#' "$file" | grep -oE '(intel_|amd_)?iommu=off' | head -n 1) || :
    [ -z "$off" ] || fail "gpu: ${file#"$ROOT"} says $off; somebody switched the IOMMU off, so take that away first"
  done
}

set_command_line() {
  refused_parameters
  LOADER=$(loader)
  if [ "$LOADER" = grub ]; then
    # shellcheck disable=SC2016 # grub-mkconfig's own variable
    printf 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX %s"\n' "$(parameters)" >./grub
    file_is ./grub "$GRUB" 644 root:root || owe gpu-owed loader
    install_file "$GRUB" 644 <./grub
    return 0
  fi
  line=$(head -n 1 "$CMDLINE")
  for parameter in $(parameters); do
    case " $line " in
      *" $parameter "*) ;;
      *)
        line="$line $parameter"
        remember_also gpu-parameters "$parameter"
        ;;
    esac
  done
  set_cmdline
}

set_cmdline() {
  printf '%s\n' "$line" >./cmdline
  cmp -s ./cmdline "$CMDLINE" || owe gpu-owed loader
  install_file "$CMDLINE" 644 <./cmdline
}

# Only what we put there.
clear_command_line() {
  if [ -e "$GRUB" ]; then
    LOADER=grub
    owe gpu-owed loader
    remove_file "$GRUB"
  fi
  [ -n "$(remembered gpu-parameters)" ] && [ -f "$CMDLINE" ] || return 0
  LOADER=systemd-boot
  line=" $(head -n 1 "$CMDLINE") "
  remembered gpu-parameters >./ours
  while read -r parameter; do
    line=$(printf '%s' "$line" | awk -v ours="$parameter" '{ for (i = 1; i <= NF; i++) if ($i != ours) out = out " " $i; print out }')
  done <./ours
  line=${line# }
  set_cmdline
  remember gpu-parameters </dev/null
}

refresh_loader() {
  if [ "${LOADER:-$(loader)}" = grub ]; then update-grub; else proxmox-boot-tool refresh; fi
}
