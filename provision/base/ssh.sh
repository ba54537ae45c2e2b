# The settings of sshd.
# shellcheck shell=sh disable=SC2154

set_ssh() { install_sshd sshd_settings; }

sshd_settings() {
  echo "AuthorizedKeysFile $(authorized_keys_files)"
  [ "${base_ssh_hardening:-true}" = true ] || return 0
  if [ "${base_ssh_password_authentication:-false}" = true ]; then echo "PasswordAuthentication yes"; else keys_only; fi
  strict_sshd
}
