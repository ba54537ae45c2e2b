# ZFS file systems of the node.
# Settings: node_zfs_datasets, a list of maps: name; properties, a list of name=value.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh

# Properties that a file system has from its creation on (zfsprops(7)).
FIXED=" casesensitivity encryption keyformat normalization utf8only "

dataset() {
  name=$(setting "$1_name")
  pool=${name%%/*}
  zpool list -H -o name "$pool" >/dev/null 2>&1 ||
    fail "there is no ZFS pool $pool for $name on this node; make it (zpool create), or correct the name"
  if zfs list -H -o name "$name" >/dev/null 2>&1; then
    ok "$name exists"
    each "$1_properties" property
  else
    set -- "$1_properties" 0 "$name"
    while [ "$2" -lt "$(list_length "$1")" ]; do
      given=$(setting "$1_$2")
      index=$(($2 + 1))
      list=$1
      shift 2
      set -- "$list" "$index" "$@" -o "$given"
    done
    shift 2
    create "$@"
  fi
}

# create NAME [-o PROPERTY…]
create() {
  name=$1
  shift
  change "$name created${*:+ with $*}" zfs create -p "$@" "$name"
}

property() {
  key=${1%%=*}
  wanted=${1#*=}
  # As it is shown, and in exact numbers: 1M and 1048576 are one.
  shown=$(zfs get -H -o value "$key" "$name")
  exact=$(zfs get -Hp -o value "$key" "$name")
  if [ "$wanted" = "$shown" ] || [ "$wanted" = "$exact" ]; then
    ok "$name: $key is $shown"
    return 0
  fi
  case $FIXED in
    *" $key "*) fail "$name: $key is $shown and cannot become $wanted: it is set when a file system is made; write $key=$shown" ;;
  esac
  change "$name: $key=$wanted (was $shown)" zfs set "$key=$wanted" "$name"
}

entries node_zfs_datasets dataset
