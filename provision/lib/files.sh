# Files, written whole or not at all.
# shellcheck shell=sh disable=SC2154

# file_is CONTENT PATH MODE OWNER:GROUP
file_is() {
  [ -f "$2" ] && [ ! -L "$2" ] && cmp -s "$1" "$2" && rights_are "$2" "$3" "$4"
}

# rights_are PATH MODE OWNER:GROUP: of what a link leads to. A second name of the same number is as good.
rights_are() {
  file_rights=$(stat -L -c '%a %U:%G %u:%g' "$1")
  case $file_rights in
    "$2 $3 "*) ;;
    "$2 "*) [ "${file_rights##* }" = "$(number_of passwd "${3%:*}"):$(number_of group "${3#*:}")" ] ;;
    *) return 1 ;;
  esac
}

# number_of passwd|group NAME
number_of() { getent "$1" "$2" | cut -d : -f 3; }

# install_file PATH MODE [OWNER:GROUP]: makes the file have the content of standard input. MODE as stat prints it: 644.
install_file() {
  cat >./content
  if file_is ./content "$1" "$2" "${3:-root:root}"; then
    ok "$1"
  else
    change "$1" put_file "$1" "$2" "${3:-root:root}"
  fi
}

# The new file has its rights before it has its name; a run that was killed leaves one file, which the next run writes anew.
# Few processes: a first run in ten guests writes a hundred files at the same time.
put_file() {
  put_new=${1%/*}/.${1##*/}.proxmox-lab
  [ -d "${1%/*}/" ] || mkdir -p "${1%/*}"
  if [ -e "$put_new" ] || [ -L "$put_new" ]; then rm -f "$put_new"; fi
  (umask 077 && install -m "$2" -o "${3%:*}" -g "${3#*:}" ./content "$put_new")
  mv -f "$put_new" "$1"
}

# remove_file PATH
remove_file() {
  if [ -e "$1" ] || [ -L "$1" ]; then
    change "$1 removed" rm -f "$1"
  else
    ok "$1 absent"
  fi
}

# install_folder PATH MODE [OWNER:GROUP]
install_folder() {
  # A link to a folder is that folder, as it is to chmod.
  if [ -d "$1" ] && rights_are "$1" "$2" "${3:-root:root}"; then
    ok "$1"
  else
    change "$1" put_folder_at "$1" "$2" "${3:-root:root}"
  fi
}

put_folder_at() {
  mkdir -p "$1"
  chown "$3" "$1"
  folder_mode "$2" "$1"
}

# folder_mode MODE PATH: with fewer than five digits GNU's chmod leaves a folder's setgid bit, which it may have from its parent.
folder_mode() { chmod "0000$1" "$2"; }

# install_link PATH TARGET
install_link() {
  if [ -L "$1" ] && [ "$(readlink "$1")" = "$2" ]; then
    ok "$1 -> $2"
  else
    change "$1 -> $2" ln -snf "$2" "$1"
  fi
}
