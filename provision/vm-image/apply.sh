# A disk image for VMs, fetched to a storage of this node, checked and unpacked.
# Settings: storage (content import), file (its name there), url, checksum (of the file at the URL), algorithm (sha256, sha512).
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/state.sh
. ./lib/download.sh

name=$storage/$file
mark=vm-image-$(printf %s "$name" | tr -c 'A-Za-z0-9.-' _)

path=$(pvesm path "$storage:import/$file" 2>./pvesm) || fail "$name: this node's storage $storage holds no files of content import:" \
  "$(cat ./pvesm); on the node: pvesm set $storage --content … with import added"

# What was unpacked here, and nothing has touched since: checksum of the packed file, size of the image.
as_fetched() { [ -f "$path" ] && [ "$(remembered "$mark")" = "$checksum $(stat -c %s "$path")" ]; }

fetch() {
  folder=$(dirname "$path")
  # Named by its checksum: the beginning of another release is not taken for that of this one.
  packed=$folder/.proxmox-lab-$file.$(printf %.16s "$checksum").packed
  unpacked=$folder/.proxmox-lab-$file.part
  mkdir -p "$folder"
  rm -f "$unpacked"
  find "$folder" -maxdepth 1 -name ".proxmox-lab-$file.*.packed" ! -name "${packed##*/}" -exec rm -f {} +
  sum_fits || retry "download of $url" download "$url" "$packed"
  sum_fits || reject
  unpack <"$packed" >"$unpacked"
  mv -f "$unpacked" "$path"
  rm -f "$packed"
  printf '%s %s\n' "$checksum" "$(stat -c %s "$path")" | remember "$mark"
}

sum_fits() { [ -f "$packed" ] && [ "$("${algorithm}sum" <"$packed" | cut -d ' ' -f 1)" = "$checksum" ]; }

reject() {
  found=$("${algorithm}sum" <"$packed" | cut -d ' ' -f 1)
  rm -f "$packed"
  fail "$url: expected $algorithm $checksum, got $found; nothing was kept. Is the checksum that of this very file?"
}

unpack() {
  case $url in
    *.xz) xz -dc ;;
    *.gz) gzip -dc ;;
    *.zst) zstd -dcq ;;
    *.bz2) bzip2 -dc ;;
    *) cat ;;
  esac
}

tool() {
  case $url in
    *.xz) echo xz xz-utils ;;
    *.zst) echo zstd zstd ;;
    *.bz2) echo bzip2 bzip2 ;;
  esac
}

if as_fetched; then
  ok "image $path"
else
  # shellcheck disable=SC2046
  set -- $(tool)
  [ $# -eq 0 ] || has_command "$1" || packages "$2"
  has_command curl || has_command wget || packages curl
  change "image $path fetched from $url" fetch
fi
