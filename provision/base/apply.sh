# What every guest has. Settings: role.ts. The host name is Proxmox VE's to set.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh
. ./lib/sshd.sh
. ./lib/upkeep.sh
. ./lib/node-exporter.sh
. ./locale.sh
. ./lib/account.sh
. ./keys.sh
. ./accounts.sh
. ./ssh.sh

set_timezone() {
  zone=$(setting base_timezone)
  [ -n "$zone" ] || return 0
  packages tzdata
  if [ -z "$STEP_CHECK" ] && [ ! -f "/usr/share/zoneinfo/$zone" ]; then
    fail "base_timezone: this system knows no time zone $zone; write one of those under /usr/share/zoneinfo, such as Europe/Berlin"
  fi
  install_link /etc/localtime "/usr/share/zoneinfo/$zone"
  # Debian's own tools still read this one where it exists.
  [ ! -e /etc/timezone ] || printf '%s\n' "$zone" | install_file /etc/timezone 644
}

# In one go with what the rest asks for: each call of apt-get takes a second and more to look at what there is.
set_packages() {
  # shellcheck disable=SC2046
  set -- $(items base_packages)
  [ -z "$(setting base_timezone)" ] || set -- "$@" tzdata
  ! some_sudo || set -- "$@" sudo
  if is_debian_like; then
    ! needs_locales "$(setting base_locale)" || set -- "$@" locales
    [ "${base_security_upgrades:-true}" != true ] || set -- "$@" unattended-upgrades
  fi
  # shellcheck disable=SC2046
  [ $# -eq 0 ] || packages $(printf '%s\n' "$@" | sort -u)
}

set_packages
set_timezone
set_locale
set_accounts
set_ssh
security_upgrades "${base_security_upgrades:-true}"
journal_limits "${base_journal_max_use:-200M}" "${base_journal_retention:-31day}"
set_node_exporter "${base_node_exporter:-false}" "${base_node_exporter_listen:-:9100}" base_node_exporter_listen
