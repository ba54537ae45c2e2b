# What every guest has. Settings: role.ts. The host name is Proxmox VE's to set.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/lists.sh
. ./lib/state.sh
. ./lib/sshd.sh
. ./lib/upkeep.sh
. ./lib/node-exporter.sh
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

# Locales that glibc brings along need not be generated.
set_locale() {
  locale=$(setting base_locale)
  [ -n "$locale" ] || return 0
  if ! is_debian_like; then
    skip "base_locale" "$(os_id) has no locales to generate"
    return 0
  fi
  case $locale in
    C | POSIX | C.UTF-8) ;;
    *)
      packages locales
      if locale_generated; then ok "locale $locale"; else change "locale $locale" generate_locale; fi
      ;;
  esac
  printf 'LANG=%s\n' "$locale" | install_file /etc/default/locale 644
}

# locale -a prints en_US.utf8 for en_US.UTF-8.
locale_generated() {
  locale -a 2>/dev/null | grep -qixF "$(printf '%s' "$locale" | sed 's/UTF-8/utf8/')"
}

generate_locale() {
  line="$locale ${locale#*.}"
  case $locale in *.*) ;; *) line="$locale ISO-8859-1" ;; esac
  grep -qxF "$line" /etc/locale.gen 2>/dev/null || printf '%s\n' "$line" >>/etc/locale.gen
  locale-gen
  locale_generated || fail "base_locale: locale-gen knows no $locale; look into /usr/share/i18n/SUPPORTED"
}

# In one go with what comes later: each time apt-get is asked it takes seconds to look at what is there.
set_packages() {
  # shellcheck disable=SC2046
  set -- $(items base_packages)
  if is_debian_like && [ "${base_security_upgrades:-true}" = true ]; then set -- "$@" unattended-upgrades; fi
  [ $# -eq 0 ] || packages "$@"
}

set_timezone
set_locale
set_packages
set_accounts
set_ssh
security_upgrades "${base_security_upgrades:-true}"
journal_limits "${base_journal_max_use:-200M}" "${base_journal_retention:-31day}"
set_node_exporter "${base_node_exporter:-false}" "${base_node_exporter_listen:-:9100}"
