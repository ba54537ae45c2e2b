# What a role remembers in the guest from one run to the next: what is its own to remove, and what it still owes.
# shellcheck shell=sh disable=SC2154
STATE=${STEP_STATE:-/var/lib/proxmox-lab}

# remembered NAME: lines, none when there are none.
remembered() { [ ! -f "$STATE/$1" ] || cat "$STATE/$1"; }

# remember NAME: standard input, instead of what was remembered; nothing in a check.
remember() {
  cat >./remember
  if [ -n "$STEP_CHECK" ]; then
    return 0
  elif [ ! -s ./remember ]; then
    rm -f "$STATE/$1"
  elif ! cmp -s ./remember "$STATE/$1"; then
    [ -d "$STATE" ] || (umask 077 && mkdir -p "$STATE")
    (umask 077 && cat ./remember >"$STATE/.$1")
    mv -f "$STATE/.$1" "$STATE/$1"
  fi
}

# remember_also NAME LINE
remember_also() {
  { remembered "$1" && printf '%s\n' "$2"; } | sort -u >./also
  remember "$1" <./also
}

# owe NAME LINE: something to be done because of a change. Said before the change, it is done by the next run when this
# one is killed in between. Lines are kept in ./NAME, in a check too.
owe() {
  open_debts "$1"
  grep -qxF -e "$2" "./$1" || printf '%s\n' "$2" >>"./$1"
  remember "$1" <"./$1"
}

open_debts() { [ -f "./$1" ] || remembered "$1" >"./$1"; }

# owed NAME LINE
owed() {
  open_debts "$1"
  grep -qxF -e "$2" "./$1"
}

# paid NAME LINE
paid() {
  open_debts "$1"
  grep -vxF -e "$2" "./$1" >./unpaid || :
  cp ./unpaid "./$1"
  remember "$1" <"./$1"
}

# pay NAME FUNCTION: calls FUNCTION with the words of each line, then strikes the line out.
pay() {
  open_debts "$1"
  cp "./$1" ./debts
  while read -r debt <&3; do
    # shellcheck disable=SC2086
    "$2" $debt 3<&-
    paid "$1" "$debt"
  done 3<./debts
}

# install_for reload|restart SERVICE PATH MODE: install_file for a file that a service has to read anew, which it does also
# when this run is killed in between.
install_for() {
  cat >./for
  file_is ./for "$3" "$4" root:root || owe services "$1 $2"
  install_file "$3" "$4" <./for
  pay services serve
}

serve() { "$1_service" "$2"; }
