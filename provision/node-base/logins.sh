# Logins over SSH.
# shellcheck shell=sh disable=SC2154

set_logins() {
  if [ "${node_ssh_hardening:-true}" != true ]; then
    [ ! -e "$SSHD_OURS" ] || owe services "reload ssh"
    gone "$SSHD_OURS"
    pay services serve
    return 0
  fi
  LOGIN=${SUDO_USER:-root}
  [ -n "$(keys_of "$LOGIN")" ] || fail "node_ssh_hardening: nobody could log in as $LOGIN any more:" \
    "$(home_of "$LOGIN")/.ssh/authorized_keys has no key but those of the cluster's nodes." \
    "Add yours there (ssh-copy-id), or write node_ssh_hardening: false"
  install_sshd node_sshd
}

node_sshd() {
  keys_only
  strict_sshd
}

home_of() { getent passwd "$1" | cut -d : -f 6; }

# keys_of USER: of people. Proxmox VE keeps the nodes' own among root's, each with the comment root@NODE.
keys_of() {
  grep -E '^[^#]*(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ AAAA' "$(home_of "$1")/.ssh/authorized_keys" 2>/dev/null >./keys || :
  : >./nodes
  for folder in /etc/pve/nodes/*/; do
    [ ! -d "$folder" ] || printf ' root@%s\n' "$(basename "$folder")" >>./nodes
  done
  hostname | sed 's/^/ root@/' >>./nodes
  awk 'NR == FNR { node[$1]; next } !($NF in node)' ./nodes ./keys
}
