# Mounts and devices of containers, on their node.
# Settings: guests, a map of VMID → key (mp0, dev1, rootfs) → line as `pct set` takes it; restart, true or 1 to reboot a
# running container whose changes wait for it.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh

# Reading the file costs nothing; `pct config` costs Perl's start for every container.
CONFIG=${HARDWARE_CONFIG:-/etc/pve/lxc}
US=$(printf '\037')

# compare VMID: leaves the actions in ./actions.VMID.
compare() {
  config=$CONFIG/$1.conf
  wanted_keys=$(setting "guests_$1_KEYS")
  : >"./actions.$1"
  if [ ! -f "$config" ]; then
    [ -z "$wanted_keys" ] || fail "container $1 is not on this node: there is no $config; is proxmox_lxc.node right, and was the container created?"
    return 0
  fi
  awk -f files/effective.awk "$config" >./now
  for key in $wanted_keys; do
    printf '%s: %s\n' "$key" "$(setting "guests_$1_$key")"
  done >./want
  # awk tells the files apart by the first one having lines.
  [ -s ./now ] || echo "#:" >./now
  awk -f files/compare.awk ./now ./want >"./actions.$1"
}

refusals() {
  for vmid in ${guests_KEYS:-}; do
    while IFS=$US read -r verb _ _ text; do
      [ "$verb" != refuse ] || printf 'container %s: %s\n' "$vmid" "$text"
    done <"./actions.$vmid"
  done
}

# act VMID: everything but growing is one call of pct set.
act() {
  vmid=$1
  set --
  deleted=
  summary=
  while IFS=$US read -r verb key value text; do
    case $verb in
      same) ok "container $vmid: $text" ;;
      resize) change "container $vmid: $text" quietly pct resize "$vmid" "$key" "$value" ;;
      set)
        set -- "$@" "--$key" "$value"
        summary="$summary; $text"
        ;;
      delete)
        deleted="$deleted,$key"
        summary="$summary; $text"
        ;;
      kept) note "container $vmid: $text: its volume $value is kept, as an unused one; remove it by hand when its data is not needed" ;;
    esac
  done <"./actions.$vmid"
  [ -z "$deleted" ] || set -- "$@" --delete "${deleted#,}"
  [ $# -eq 0 ] || change "container $vmid: ${summary#; }" quietly pct set "$vmid" "$@"
  restart_if_pending
}

# Inside a loop that reads a file, pct must not read it, too.
quietly() { "$@" </dev/null; }

restart_if_pending() {
  [ -f "$CONFIG/$vmid.conf" ] || return 0
  waiting=$(awk -v pending=1 -f files/effective.awk "$CONFIG/$vmid.conf" | sort | tr '\n' ' ')
  [ -n "$waiting" ] || return 0
  case ${restart:-} in
    1 | true) change "container $vmid restarted for ${waiting% }" quietly pct reboot "$vmid" ;;
    *) note "container $vmid: ${waiting% } take effect at its next start; restart it when it suits: pct reboot $vmid" ;;
  esac
}

for vmid in ${guests_KEYS:-}; do compare "$vmid"; done
refused=$(refusals)
[ -z "$refused" ] || fail "nothing was changed:
$refused"
for vmid in ${guests_KEYS:-}; do act "$vmid"; done
