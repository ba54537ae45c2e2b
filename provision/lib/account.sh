# Making one account. useradd writes one file after the other, and a run may be killed between two of them: so the account is
# owed until it is whole. Lines of the debts OWED_ACCOUNTS are "USER OPTION", with useradd's option for the group.
# shellcheck shell=sh disable=SC2154

# account_owed USER
account_owed() {
  open_debts "$OWED_ACCOUNTS"
  grep -q "^$1 " "./$OWED_ACCOUNTS"
}

# make_account USER SHELL
make_account() {
  if account_owed "$1"; then
    own=$(sed -n "s/^$1 //p" "./$OWED_ACCOUNTS")
    ! is_half_made "$1" || unmake "$1" "$own"
  else
    own=--user-group
    # A distribution may have a group of that name already, as Debian has "operator".
    ! getent group "$1" >/dev/null || own=--gid=$1
    owe "$OWED_ACCOUNTS" "$1 $own"
  fi
  if ! entry=$(getent passwd "$1"); then
    add_user "$1" "$2" "$own"
  elif [ "${entry##*:}" != "$2" ]; then
    set_shell "$1" "$2"
  fi
  allow_login "$1"
  make_home "$1"
  paid "$OWED_ACCOUNTS" "$1 $own"
}

# Whether useradd was killed at this account, which it writes to passwd first and to subgid last. One that somebody has made
# since in its stead has a group, and no such password.
is_half_made() {
  entry=$(getent passwd "$1") || return 1
  shadow=$(grep "^$1:" /etc/shadow) || return 0
  getent group "$(printf '%s' "$entry" | cut -d : -f 4)" >/dev/null || return 0
  case $shadow in "$1:*:"*) ;; *) return 1 ;; esac
  for database in gshadow subuid subgid; do
    [ ! -f "/etc/$database" ] || grep -q "^$1:" "/etc/$database" || return 0
  done
  return 1
}

# passwd last, so that it stays half-made until the end.
unmake() {
  [ "$2" != --user-group ] || sed -i "/^$1:/d" /etc/group
  for database in gshadow shadow subuid subgid passwd; do
    [ "$database $2" != "gshadow --gid=$1" ] || continue
    [ ! -f "/etc/$database" ] || sed -i "/^$1:/d" "/etc/$database"
  done
}

# A password of "*" fits none, but unlike "!" does not lock the account, which sshd without PAM would refuse.
add_user() {
  if has_command useradd; then
    useradd --no-create-home "$3" --shell "$2" --password '*' "$1"
  elif [ "$3" = --user-group ]; then
    adduser -D -H -s "$2" "$1"
  else
    adduser -D -H -s "$2" -G "$1" "$1"
  fi
}

# BusyBox's adduser knows no password.
allow_login() {
  if has_command useradd || ! grep -q "^$1:!:" /etc/shadow; then return 0; fi
  printf '%s:*\n' "$1" | chpasswd -e
}

set_shell() {
  if has_command usermod; then
    usermod --shell "$2" "$1"
  else
    awk -F: -v OFS=: -v user="$1" -v shell="$2" '$1 == user { $7 = shell } { print }' /etc/passwd >./content
    put_file /etc/passwd 644 root:root
  fi
}

# As useradd would, but whole or not at all. A home that is there is left alone, as useradd leaves it.
make_home() {
  home=$(getent passwd "$1" | cut -d : -f 6)
  new=${home%/*}/.${home##*/}.proxmox-lab
  rm -rf "$new"
  if [ -e "$home" ] || [ -L "$home" ]; then return 0; fi
  skel=$(value_of SKEL = /etc/default/useradd)
  skel=${skel:-/etc/skel}
  mkdir -p "$new"
  [ ! -d "$skel" ] || cp -a "$skel/." "$new"
  chown -hR "$1:$(id -g "$1")" "$new"
  chmod "$(home_mode)" "$new"
  mv "$new" "$home"
}

# useradd(8): HOME_MODE, else what UMASK leaves.
home_mode() {
  mode=$(value_of HOME_MODE ' ' /etc/login.defs)
  mask=$(value_of UMASK ' ' /etc/login.defs)
  echo "${mode:-$(printf '%o' $((0777 & ~${mask:-022})))}"
}

# value_of KEY SEPARATOR FILE
value_of() { [ ! -f "$3" ] || awk -F "$2" -v key="$1" '$1 == key { value = $2 } END { print value }' "$3"; }
