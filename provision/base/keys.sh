# Keys of base_users. They lie where only root can write, not in the user's home, in which the user could lay a link for root
# to follow.
# shellcheck shell=sh disable=SC2154

KEYS=/etc/ssh/authorized_keys.d

# Leaves in ./keyed who has keys, and in ./keys-before whose keys are this role's to remove. The line "-" of the memory says
# that there is one: a former release kept none, and had the folder to itself.
begin_keys() {
  entries base_users print_keyed >./keyed
  [ ! -s ./keyed ] || install_folder "$KEYS" 755
  if [ ! -f "$STATE/base-keys" ] && grep -qsF "$KEYS/%u" "$SSHD_OURS"; then
    print_former >./keys-before
    { echo -; cat ./keys-before; } | remember base-keys
  else
    remembered base-keys | grep -vx -e - >./keys-before || :
  fi
}
print_former() {
  for file in "$KEYS"/*; do
    [ ! -f "$file" ] || of_files "$file" || printf '%s\n' "${file##*/}"
  done
}
of_files() { remembered files | grep -qx "[^ ]* [^ ]* $1"; }
print_keyed() { [ "$(list_length "$1_ssh_keys")" -eq 0 ] || printf '%s\n' "$(setting "$1_name")"; }

# install_keys USER LIST
install_keys() {
  [ "$(list_length "$2")" -gt 0 ] || return 0
  entries "$2" print_key >./keys
  grep -qxF -e "$1" ./keys-before || remember_also base-keys "$1"
  install_file "$KEYS/$1" 644 <./keys
}
print_key() { printf '%s\n' "$(setting "$1")"; }

remove_other_keys() {
  while read -r former; do
    grep -qxF -e "$former" ./keyed || remove_file "$KEYS/$former"
  done <./keys-before
  { echo - && cat ./keyed; } | sort | remember base-keys
  for file in "$KEYS"/*; do
    is_known_keys "$file" || note "$file is not of base_users, and stays: who has its keys logs in as ${file##*/}"
  done
}

# An empty file lets nobody in. The role files says itself what it puts where.
is_known_keys() {
  [ ! -s "$1" ] || grep -qxF -e "${1##*/}" ./keyed || grep -qxF -e "${1##*/}" ./keys-before || of_files "$1"
}

# authorized_keys_files: what AuthorizedKeysFile is to say: where keys are looked for without this role, and its own.
authorized_keys_files() {
  set --
  # In sshd's order, which takes the first value that it reads.
  for file in /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config; do
    [ "$file" = "$SSHD_OURS" ] || [ ! -f "$file" ] || set -- "$@" "$file"
  done
  paths=
  [ $# -eq 0 ] || paths=$(awk '
    FNR == 1 { conditional = 0 }
    tolower($1) == "match" { conditional = 1 }
    !conditional && tolower($0) ~ /^[ \t]*authorizedkeysfile[ \t=]/ {
      sub(/^[ \t]*[A-Za-z]+[ \t=]+/, "")
      sub(/[ \t]+(#.*)?$/, "")
      print
      exit
    }' "$@")
  case $paths in
    '') paths=.ssh/authorized_keys ;;
    [nN][oO][nN][eE]) paths= ;;
  esac
  case " $paths " in
    *" $KEYS/%u "*) echo "$paths" ;;
    *) echo "${paths:+$paths }$KEYS/%u" ;;
  esac
}
