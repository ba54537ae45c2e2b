# NVIDIA's cards and NVIDIA's installer.
# shellcheck shell=sh disable=SC1091,SC2154
. ./lib/download.sh

# Where /proc, /sys and /dev are; tests have others.
ROOT=${nvidia_root:-}

# A download and what is unpacked of it are too large for the memory that /run is made of.
WORK=/var/lib/proxmox-lab/nvidia-work

NVIDIA=0x10de

has_device() {
  for device in "$ROOT/dev/$1"*; do
    if [ -e "$device" ]; then return 0; fi
  done
  return 1
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

# unpack_runfile SETTING: the run file of SETTING_url or SETTING_path, if it has the checksum SETTING_sha256, into $WORK/unpacked.
unpack_runfile() {
  mkdir -p "$WORK"
  sha256=$(setting "$1_sha256")
  from=$(setting "$1_url")
  file=$(setting "$1_path")
  # Of another run file than before, nothing is the beginning.
  fetched=$WORK/$sha256.run
  if [ -z "$file" ]; then
    file=$fetched
    checksum_fits "$file" || retry "download of $from" download "$from" "$file"
  fi
  [ -f "$file" ] || fail "nvidia: runfile.path: there is no $file here"
  checksum_fits "$file" || {
    found=$(sha256sum <"$file")
    rm -f "$fetched"
    fail "nvidia: $file has the SHA-256 ${found%% *}, expected $sha256: nothing of it was run"
  }
  rm -rf "$WORK/unpacked"
  (cd "$WORK" && sh "$file" --extract-only --target unpacked)
}

checksum_fits() { [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$sha256  -" ]; }

# installer_knows OPTION
installer_knows() { (cd "$WORK/unpacked" && ./nvidia-installer --advanced-options 2>&1) | grep -q -e "$1"; }

# run_unpacked OPTION…
run_unpacked() {
  (cd "$WORK/unpacked" && ./nvidia-installer --silent "$@" --no-x-check --no-nouveau-check \
    --no-check-for-alternate-installs) || {
    tail -n 20 /var/log/nvidia-installer.log || :
    fail "nvidia: NVIDIA's installer failed; the end of its log is above"
  }
  rm -rf "$WORK"
}
