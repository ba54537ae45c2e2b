# The bridge that carries the node's own address, which is written on purpose only.
# shellcheck shell=sh disable=SC2154
INTERFACES=${NETWORK_INTERFACES:-/etc/network/interfaces}

# What the node has of one option; pvesh prints JSON on one line.
configured() {
  pvesh get "/nodes/$(hostname)/network/$1" --output-format json 2>/dev/null |
    sed -n "s/.*\"$2\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p" | sed 's/\\n$//'
}

find_rewrites() { entries network_rewrite find_rewrite; }

find_rewrite() {
  bridge=$(setting "$1_name")
  for option in $(setting "$1_options_KEYS"); do
    wanted=$(setting "$1_options_$option")
    now=$(configured "$bridge" "$option")
    case $wanted/$now in "$now/$now" | 0/) ;; *) echo "$bridge: $option ${now:-nothing} becomes $wanted" >>./todo ;; esac
  done
}

# rewrites: whether any bridge is to be written now.
rewrites() { grep -q ' becomes ' ./todo; }

former_interfaces() {
  rewrites || return 0
  cp -p "$INTERFACES" "$ROLLBACK/interfaces.rewritten"
  printf "cp -p '%s' '%s'\nrm -f '%s.new'\nifreload -a\n" "$ROLLBACK/interfaces.rewritten" "$INTERFACES" "$INTERFACES"
}

rewrite_bridges() {
  rewrites || return 0
  entries network_rewrite rewrite_bridge
  pvesh set "/nodes/$(hostname)/network"
}

rewrite_bridge() {
  bridge=$(setting "$1_name")
  set -- "$1" --type bridge
  for option in $(setting "$1_options_KEYS"); do set -- "$@" "--$option" "$(setting "$1_options_$option")"; done
  shift
  pvesh set "/nodes/$(hostname)/network/$bridge" "$@"
}

# Armed before anything is done.
do_it() {
  (umask 077 && mkdir -p "$ROLLBACK")
  { former_rules_if_any && former_interfaces; } >./former
  arm_rollback network "$network_confirm_seconds" <./former
  load_rules
  rewrite_bridges
}

former_rules_if_any() { ! has_rules || former_rules; }
