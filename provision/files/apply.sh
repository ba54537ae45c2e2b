# Files and folders that the inventory states. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh
. ./leftovers.sh

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

# rights_of ENTRY MODE: leaves them as stat prints them in $mode and $owner.
rights_of() {
  mode=$(setting "$1_mode")
  mode=$(printf '%o' "0${mode:-$2}")
  user=$(setting "$1_owner")
  group=$(setting "$1_group")
  owner=${user:-root}:${group:-root}
  # In a check what makes them may not have been done yet.
  [ -z "$STEP_CHECK" ] || return 0
  getent passwd "${user:-root}" >/dev/null || fail "$path: there is no user $user; a package or base_users has to make it"
  getent group "${group:-root}" >/dev/null || fail "$path: there is no group $group; a package has to make it"
}

set_folder() {
  path=$(setting "$1_path")
  rights_of "$1" 755
  [ ! -e "$path" ] || [ -d "$path" ] || fail "$path: a folder is wanted, and something else is there; remove it by hand"
  printf '%s\n' "$path" >>./wanted-paths
  if [ ! -d "$path" ]; then
    make_parent "${path%/*}"
    remember_also files "dir - $path"
  fi
  install_folder "$path" "$mode" "$owner"
}

set_file() {
  path=$(setting "$1_path")
  content_of "$1" >./wanted
  rights_of "$1" 644
  [ ! -d "$path" ] || fail "$path: a file is wanted, and a folder is there; remove it by hand"
  printf '%s\n' "$path" >>./wanted-paths
  if ! file_is ./wanted "$path" "$mode" "$owner"; then
    owe_services "$1"
    remember_file
    make_parent "${path%/*}"
  fi
  install_file "$path" "$mode" "$owner" <./wanted
}

owe_services() {
  service=$(setting "$1_reload")
  [ -z "$service" ] || owe files-services "reload $service"
  service=$(setting "$1_restart")
  [ -z "$service" ] || owe files-services "restart $service"
}

# Other programs than this one have to get there.
make_parent() {
  if [ -z "$1" ] || [ -d "$1" ]; then return 0; fi
  make_parent "${1%/*}"
  remember_also files "dir - $1"
  change "$1" make_open_folder "$1"
}
make_open_folder() { (umask 022 && mkdir "$1"); }

set_absent() {
  if [ ! -d "$1" ] || [ -L "$1" ]; then
    remove_file "$1"
  elif is_empty "$1"; then
    change "$1 removed" rmdir "$1"
  else
    fail "files_absent: the folder $1 is not empty; nothing in it was removed. Remove it by hand, or by a script"
  fi
}

pay_service() {
  if [ "$1" = restart ]; then
    restart_service "$2"
  elif ! owed files-services "restart $2"; then
    reload_service "$2"
  fi
}

: >./wanted-paths
entries files_folders set_folder
entries files_present set_file
each files_absent set_absent
remove_leftovers
pay files-services pay_service
