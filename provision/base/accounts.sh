# Accounts, their keys and their sudo.
# shellcheck shell=sh disable=SC2154

KEYS=/etc/ssh/authorized_keys.d
SUDOERS=/etc/sudoers.d/proxmox-lab

set_accounts() {
  : >./sudoers
  : >./memberships
  wanted=" "
  [ "${base_users_COUNT:-0}" -eq 0 ] || install_folder "$KEYS" 755
  number=0
  while [ "$number" -lt "${base_users_COUNT:-0}" ]; do
    set_account "base_users_$number"
    number=$((number + 1))
  done
  leave_other_groups
  remove_other_keys
  set_sudo
}

# Whether some account is to have sudo.
some_sudo() {
  [ -n "$(entries base_users print_sudo)" ]
}
print_sudo() { [ "$(setting "$1_sudo")" != true ] || echo "$1"; }

# set_account SETTING
set_account() {
  user=$(setting "$1_name")
  wanted="$wanted$user "
  shell=$(setting "$1_shell")
  if [ -z "$shell" ]; then
    if [ -x /bin/bash ]; then shell=/bin/bash; else shell=/bin/sh; fi
  elif [ ! -f "$shell" ] || [ ! -x "$shell" ]; then
    [ -n "$STEP_CHECK" ] || fail "base_users: the shell of $user, $shell, is not there, so $user could not log in;" \
      "write one of /etc/shells, or install it by base_packages"
  fi
  if ! entry=$(getent passwd "$user"); then
    change "user $user" add_user "$user" "$shell"
  elif [ "${entry##*:}" != "$shell" ] || [ ! -x "$shell" ]; then
    change "shell of $user" set_shell "$user" "$shell"
  else
    ok "user $user"
  fi
  member=0
  while [ "$member" -lt "$(list_length "$1_groups")" ]; do
    join_group "$user" "$(setting "$1_groups_$member")"
    member=$((member + 1))
  done
  install_keys "$1_ssh_keys"
  [ "$(setting "$1_sudo")" != true ] || printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$user" >>./sudoers
}

# A password of "*" fits none, but unlike "!" does not lock the account, which sshd without PAM would refuse.
add_user() {
  own=--user-group
  # A distribution may have a group of that name already, as Debian has "operator".
  ! getent group "$1" >/dev/null || own=--gid=$1
  if has_command useradd; then
    useradd --create-home "$own" --shell "$2" --password '*' "$1"
  else
    [ "$own" = --user-group ] || set -- "$1" "$2" -G "$1"
    adduser -D -s "$2" ${3+"$3" "$4"} "$1"
    printf '%s:*\n' "$1" | chpasswd -e
  fi
}

set_shell() {
  if has_command usermod; then
    usermod --shell "$2" "$1"
  else
    awk -F: -v OFS=: -v user="$1" -v shell="$2" '$1 == user { $7 = shell } { print }' /etc/passwd >./content
    put_file /etc/passwd 644 root:root
  fi
}

join_group() {
  if ! getent group "$2" >/dev/null; then
    [ -n "$STEP_CHECK" ] || fail "base_users: $1 cannot join the group $2: there is none of that name; create it by the package that it belongs to"
    change "$1 in group $2" false
  else
    printf '%s %s\n' "$1" "$2" >>./memberships
    case " $(id -nG "$1" 2>/dev/null) " in
      *" $2 "*)
        # What was so before we came is not remembered, and not ours to take back.
        ! by_docker "$1" "$2" || remember_also base-groups "$1 $2"
        ok "$1 in group $2"
        ;;
      *)
        remember_also base-groups "$1 $2"
        change "$1 in group $2" add_member "$1" "$2"
        ;;
    esac
  fi
}

add_member() { if has_command usermod; then usermod --append --groups "$2" "$1"; else addgroup "$1" "$2"; fi; }

take_member() { if has_command gpasswd; then gpasswd --delete "$1" "$2"; else delgroup "$1" "$2"; fi; }

# Whether the role docker has let this user in, by its docker_user.
by_docker() { [ "$2" = docker ] && [ "$(remembered docker-user)" = "$1" ]; }

leave_other_groups() {
  remembered base-groups >./joined
  [ -s ./joined ] || return 0
  : >./kept
  while read -r joined_user joined_group <&3; do
    if grep -qxF "$joined_user $joined_group" ./memberships; then
      printf '%s\n' "$joined_user $joined_group" >>./kept
    else
      leave_group "$joined_user" "$joined_group" 3<&-
    fi
  done 3<./joined
  remember base-groups <./kept
}

leave_group() {
  if by_docker "$1" "$2"; then return 0; fi
  case ,$(getent group "$2" | cut -d : -f 4), in
    *",$1,"*)
      change "$1 no longer in group $2" take_member "$1" "$2"
      note "what $1 has started before keeps the group $2 until it ends"
      ;;
  esac
}

# Keys lie where only root can write, not in the user's home, in which the user could lay a link for root to follow.
install_keys() {
  keys=0
  while [ "$keys" -lt "$(list_length "$1")" ]; do
    printf '%s\n' "$(setting "$1_$keys")"
    keys=$((keys + 1))
  done >./keys
  install_file "$KEYS/$user" 644 <./keys
}

remove_other_keys() {
  for file in "$KEYS"/*; do
    [ -f "$file" ] || continue
    case $wanted in
      *" ${file##*/} "*) ;;
      *) remove_file "$file" ;;
    esac
  done
}

set_sudo() {
  if [ ! -s ./sudoers ]; then
    remove_file "$SUDOERS"
    return 0
  fi
  packages sudo
  if has_command visudo; then visudo -qcf ./sudoers || fail "sudoers: visudo refuses what would be written"; fi
  install_file "$SUDOERS" 440 <./sudoers
}
