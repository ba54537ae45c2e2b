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
needs_locales() {
  case $1 in '' | C | POSIX | C.UTF-8) return 1 ;; esac
}

set_locale() {
  locale=$(setting base_locale)
  [ -n "$locale" ] || return 0
  if ! is_debian_like; then
    skip "base_locale" "$(os_id) has no locales to generate"
    return 0
  fi
  if needs_locales "$locale"; then
    packages locales
    if locale_generated; then ok "locale $locale"; else change "locale $locale" generate_locale; fi
  fi
  printf 'LANG=%s\n' "$locale" | install_file /etc/default/locale 644
}

# locale -a prints en_US.utf8 for en_US.UTF-8, and en_US.iso885915 for en_US.ISO-8859-15.
locale_generated() {
  locale -a 2>/dev/null | grep -qixF "$(printf '%s' "$locale" | tr -d -)"
}

# A locale has the character set that this file gives it: de_DE@euro is ISO-8859-15, sr_RS is UTF-8.
SUPPORTED=/usr/share/i18n/SUPPORTED

generate_locale() {
  line=$(awk -v locale="$locale" '$1 == locale { print; exit }' $SUPPORTED)
  [ -n "$line" ] || fail "base_locale: this system knows no locale $locale; write one of those in $SUPPORTED, such as" \
    "$(awk -v like="${locale%%[.@]*}" '$1 == like || index($1, like ".") == 1 { print $1; found = 1; exit } END { if (!found) print "en_US.UTF-8" }' $SUPPORTED)"
  added=
  if ! grep -qxF "$line" /etc/locale.gen 2>/dev/null; then
    added=1
    printf '%s\n' "$line" >>/etc/locale.gen
  fi
  locale-gen || :
  locale_generated || {
    # It would fail at every later call of locale-gen, too, such as that of an upgrade.
    [ -z "$added" ] || sed -i '$d' /etc/locale.gen
    fail "base_locale: locale-gen could not make $locale; what it says is above"
  }
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
