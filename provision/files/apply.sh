# Files and folders that the inventory states. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh
. ./leftovers.sh
. ./told.sh

# content_of ENTRY
content_of() {
  if is_list "$1_lines"; then
    entries "$1_lines" print_line
  elif is_list "$1_content"; then
    entries "$1_content" setting
  else
    setting "$1_content"
  fi
}

print_line() { setting "$1" && echo; }

# rights_of ENTRY: leaves them as stat prints them in $mode, $user and $group, empty where nothing is said.
rights_of() {
  mode=$(setting "$1_mode")
  [ -z "$mode" ] || mode=$(printf '%o' "0$mode")
  user=$(setting "$1_owner")
  group=$(setting "$1_group")
  # In a check what makes them may not have been done yet.
  [ -z "$STEP_CHECK" ] || return 0
  [ -z "$user" ] || getent passwd "$user" >/dev/null || fail "$path: there is no user $user; a package or base_users has to make it"
  [ -z "$group" ] || getent group "$group" >/dev/null || fail "$path: there is no group $group; a package has to make it"
}

set_folder() {
  path=$(setting "$1_path")
  rights_of "$1"
  if [ ! -d "$path" ]; then
    make_parent "${path%/*}"
    nothing_at "$path"
    remember_folder "$path"
    install_folder "$path" "${mode:-755}" "${user:-root}:${group:-root}"
  elif has_rights; then
    ok "$path"
  else
    named_once same_folder
    is_ours || remember_also files "found - $path"
    change "$path" give_rights
  fi
  printf '%s\n' "$path" >>./wanted-paths
}

nothing_at() {
  if [ -e "$1" ] || [ -L "$1" ]; then fail "$1: a folder is wanted, and something else is there; remove it by hand"; fi
}

is_ours() { case $ours in *"$LINE_END""dir - $path$LINE_END"*) ;; *) return 1 ;; esac }

remember_folder() {
  ours=$ours"dir - $1"$LINE_END
  remember_also files "dir - $1"
}

# A folder that somebody else has made keeps what nothing is said about.
has_rights() {
  if is_ours; then
    mode=${mode:-755}
    user=${user:-root}
    group=${group:-root}
  fi
  [ -n "$mode$user$group" ] || return 0
  # shellcheck disable=SC2046 # three words
  set -- $(stat -L -c '%a %U %G' "$path")
  rights_are "$path" "${mode:-$1}" "${user:-$2}:${group:-$3}"
}

give_rights() {
  [ -z "$user" ] || chown "$user" "$path"
  [ -z "$group" ] || chgrp "$group" "$path"
  [ -z "$mode" ] || folder_mode "$mode" "$path"
}

set_file() {
  path=$(setting "$1_path")
  content_of "$1" >./wanted
  rights_of "$1"
  mode=${mode:-644}
  owner=${user:-root}:${group:-root}
  [ ! -d "$path" ] || fail "$path: a file is wanted, and a folder is there; remove it by hand"
  if ! file_is ./wanted "$path" "$mode" "$owner"; then
    named_once same_file
    owe_services "$1"
    remember_file
    make_parent "${path%/*}"
  fi
  install_file "$path" "$mode" "$owner" <./wanted
  printf '%s\n' "$path" >>./wanted-paths
}

# named_once SAME: what is about to change is no other entry's, by way of a link; they would change it in turns.
named_once() {
  while IFS= read -r each; do
    ! "$1" "$each" "$path" || fail "$path: a link on its way makes it $each, which the inventory wants, too; keep one of the two"
  done <./wanted-paths
}

# shellcheck disable=SC3013 # dash, bash and BusyBox know -ef
same_file() { [ "${1##*/}" = "${2##*/}" ] && [ "${1%/*}/" -ef "${2%/*}/" ]; }
# shellcheck disable=SC3013
same_folder() { [ "$1" -ef "$2" ]; }

# Other programs than this one have to get there.
make_parent() {
  if [ -z "$1" ] || [ -d "$1" ]; then return 0; fi
  make_parent "${1%/*}"
  nothing_at "$1"
  remember_folder "$1"
  change "$1" make_open_folder "$1"
}
make_open_folder() { (umask 022 && mkdir "$1"); }

set_absent() {
  path=$1
  if [ -e "$path" ] || [ -L "$path" ]; then
    named_once same_file
    tell_of_removal
  fi
  if [ ! -d "$1" ] || [ -L "$1" ]; then
    remove_file "$1"
  elif is_empty "$1"; then
    change "$1 removed" rmdir "$1"
  else
    fail "files_absent: the folder $1 is not empty; nothing in it was removed. Remove it by hand, or by a script"
  fi
}

LINE_END='
'
ours=$LINE_END$(remembered files)$LINE_END
: >./wanted-paths
: >./told
entries files_present list_told
remember_told
entries files_folders set_folder
entries files_present set_file
each files_absent set_absent
remove_leftovers
pay_services
