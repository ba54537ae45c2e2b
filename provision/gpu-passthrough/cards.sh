# The cards, as the node has them.
# shellcheck shell=sh disable=SC2154
ROOT=${GPU_ROOT:-}
DEVICES=$ROOT/sys/bus/pci/devices

# id_of ADDRESS [subsystem_]: 10de:1b38
id_of() {
  vendor_of=$(cat "$DEVICES/$1/${2:-}vendor" 2>/dev/null) || return 0
  device_of=$(cat "$DEVICES/$1/${2:-}device" 2>/dev/null) || return 0
  printf '%s:%s' "${vendor_of#0x}" "${device_of#0x}"
}

# Leaves addresses in ./addresses, ids in ./ids, vendors in ./vendors; ends when a card is not what the inventory says.
find_cards() {
  : >./addresses
  : >./all-ids
  : >./vendors
  : >./wrong
  entries gpu_cards find_card
  sort -u ./all-ids >./ids
  find_bystanders
  [ ! -s ./wrong ] || fail "gpu: nothing was changed:
$(cat ./wrong)"
}

find_card() {
  name=$(setting "$1_name")
  setting "$1_vendor" >>./vendors
  echo >>./vendors
  address=$(setting "$1_address")
  wanted=$(setting "$1_device_id")
  found=$(id_of "$address")
  if [ -z "$found" ]; then
    printf '%s: there is no PCI device at %s; display devices are at: %s\n' "$name" "$address" "$(displays)" >>./wrong
  elif [ "$found" != "$wanted" ]; then
    printf '%s: at %s is %s, not %s; correct pci_id or device_id\n' "$name" "$address" "$found" "$wanted" >>./wrong
  fi
  take "$address"
  each "$1_functions" take_function
}

take_function() {
  [ -n "$(id_of "$1")" ] || printf '%s: there is no function at %s; correct functions\n' "$name" "$1" >>./wrong
  take "$1"
}

take() {
  printf '%s\n' "$1" >>./addresses
  id=$(id_of "$1")
  [ -z "$id" ] || printf '%s\n' "$id" >>./all-ids
}

displays() {
  for each_device in "$DEVICES"/*; do
    case $(cat "$each_device/class" 2>/dev/null) in 0x03*) printf '%s (%s) ' "${each_device##*/}" "$(id_of "${each_device##*/}")" ;; esac
  done
}

# vfio-pci takes by id, so another device of the same kind would go with the cards.
find_bystanders() {
  for each_device in "$DEVICES"/*; do
    bystander=${each_device##*/}
    ! grep -qxF -e "$bystander" ./addresses || continue
    id=$(id_of "$bystander")
    if [ -n "$id" ] && grep -qxF -e "$id" ./ids; then
      printf '%s: is %s, too, and would be taken from the node with the cards; describe it as a card with use: vm, or its function under functions\n' \
        "$bystander" "$id" >>./wrong
    fi
  done
}
