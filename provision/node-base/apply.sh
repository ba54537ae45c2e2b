# What a Proxmox VE node has beside its guests. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh
. ./lib/sshd.sh
. ./lib/upkeep.sh
. ./lib/node-exporter.sh
. ./tuning.sh
. ./logins.sh

set_packages() {
  # shellcheck disable=SC2046
  set -- $(items node_packages)
  [ $# -eq 0 ] || packages "$@"
}

# chrony is part of Proxmox VE; Debian's chrony.conf reads this folder (sourcedir).
set_time() {
  sources=/etc/chrony/sources.d/proxmox-lab.sources
  if [ "${node_time_servers_COUNT:-0}" -eq 0 ]; then
    if [ -e "$sources" ]; then
      owe node-owed "chrony sources"
      remove_file "$sources"
    fi
  else
    packages chrony
    each node_time_servers time_server >./sources
    file_is ./sources "$sources" 644 root:root || owe node-owed "chrony sources"
    install_file "$sources" 644 <./sources
  fi
  pay node-owed pay_time
}

pay_time() { ! service_active chrony || change "chrony's sources" chronyc reload sources; }

time_server() { printf 'server %s iburst\n' "$1"; }

set_packages
set_profile
set_logins
set_time
security_upgrades "${node_security_upgrades:-true}"
journal_limits "${node_journal_max_use:-1G}" "${node_journal_retention:-31day}"
set_node_exporter "${node_exporter:-false}" "${node_exporter_listen:-:9100}" node_exporter_listen
