# Accounts, with their groups, their keys and their sudo.
# shellcheck shell=sh disable=SC2154

SUDOERS=/etc/sudoers.d/proxmox-lab
OWED_ACCOUNTS=base-accounts

set_accounts() {
  : >./sudoers
  : >./memberships
  wanted=" "
  begin_keys
  number=0
  while [ "$number" -lt "${base_users_COUNT:-0}" ]; do
    set_account "base_users_$number"
    number=$((number + 1))
  done
  pay "$OWED_ACCOUNTS" give_up
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
  if ! entry=$(getent passwd "$user") || account_owed "$user"; then
    change "user $user" make_account "$user" "$shell"
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
  install_keys "$user" "$1_ssh_keys"
  [ "$(setting "$1_sudo")" != true ] || printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$user" >>./sudoers
}

join_group() {
  if ! getent group "$2" >/dev/null; then
    [ -n "$STEP_CHECK" ] || fail "base_users: $1 cannot join the group $2: there is none of that name; create it by the package that it belongs to"
    change "$1 in group $2" false
  else
    printf '%s %s\n' "$1" "$2" >>./memberships
    if in_group "$1" "$2"; then
      # What was so before we came is not remembered, and not ours to take back.
      ! by_docker "$1" "$2" || remember_also base-groups "$1 $2"
      ok "$1 in group $2"
    else
      remember_also base-groups "$1 $2"
      change "$1 in group $2" add_member "$1" "$2"
    fi
  fi
}

# By that very name, as it is left again; id knows only one of several names of a number.
in_group() { is_member "$1" "$2" || [ "$(number_of group "$2")" = "$(id -g "$1" 2>/dev/null)" ]; }

is_member() {
  case ,$(getent group "$2" | cut -d : -f 4), in *",$1,"*) ;; *) return 1 ;; esac
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
  if by_docker "$1" "$2" || ! is_member "$1" "$2"; then return 0; fi
  change "$1 no longer in group $2" take_member "$1" "$2"
  note "what $1 has started before keeps the group $2 until it ends"
}

set_sudo() {
  if [ ! -s ./sudoers ]; then
    remove_file "$SUDOERS"
    return 0
  fi
  packages sudo
  if [ -f /etc/sudoers ] && ! grep -qE '^[[:space:]]*[#@]include(dir)?[[:space:]]+"?/etc/sudoers\.d' /etc/sudoers; then
    fail "base_users: sudo: /etc/sudoers does not include /etc/sudoers.d, so nobody would get sudo by what is set there;" \
      "add the line \"@includedir /etc/sudoers.d\" at its end: visudo"
  fi
  if has_command visudo; then visudo -qcf ./sudoers || fail "sudoers: visudo refuses what would be written"; fi
  install_file "$SUDOERS" 440 <./sudoers
}

# give_up USER: whose account was begun, and is no longer wanted.
give_up() {
  case $wanted in *" $1 "*) return 0 ;; esac
  ! getent passwd "$1" >/dev/null ||
    note "a run that was killed had begun to make the account $1, which base_users no longer names; if it is of no use: userdel -r $1"
}
