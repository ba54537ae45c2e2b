# Reached through a connection that was made after apply.sh: what was done is kept.
# shellcheck shell=sh disable=SC1091
set -eu
. ./lib/step.sh
. ./lib/state.sh
. ./lib/rollback.sh
. ./rules.sh

# keep NAME WHAT
keep() {
  if rollback_armed "$1" && confirm_rollback "$1"; then
    ok "$2 is kept: the node was reached again"
  elif rollback_happened "$1"; then
    rm -f "$ROLLBACK/$1.done" "$RULES.unconfirmed"
    fail "network: the node was out of reach after $2 was written, so the former one is back;" \
      "its words are in $ROLLBACK/$1.log. Look at what changed, and apply again"
  fi
}

keep interfaces "the network configuration"
keep network "the network's rules"
keep_rules
