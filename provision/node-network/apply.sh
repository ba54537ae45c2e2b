# NAT, forwarded ports and isolation on a node, and its management bridge where that is to be rewritten. What is done is taken
# back after network_confirm_seconds unless confirm.sh is reached through a new connection.
# Settings: network_rules, a file for nft, empty for none; network_forwarding; network_confirm_seconds; network_rewrite, a list
# of {name, options} as `pvesh set /nodes/NODE/network/NAME` takes them.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh
. ./lib/rollback.sh
. ./rules.sh
. ./rewrite.sh

find_rules
find_rewrites
if [ -s ./todo ]; then
  change "$(paste -s -d ';' ./todo | sed 's/;/; /g')" do_it
elif has_rules; then
  ok "rules of the node's network"
fi
has_rules || [ ! -e "$RULES" ] || change "rules taken away" take_rules_away
