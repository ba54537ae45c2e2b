# The locale of a system with glibc.
# shellcheck shell=sh

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
  if locale_conf_linked; then
    printf 'LANG=%s\n' "$locale" | install_file /etc/locale.conf 644
    install_link /etc/default/locale ../locale.conf
  else
    printf 'LANG=%s\n' "$locale" | install_file /etc/default/locale 644
  fi
}

# Whether /etc/default/locale is another name of /etc/locale.conf: systemd of Debian 13 makes it that link at every boot.
locale_conf_linked() {
  [ "$(readlink /etc/default/locale)" != ../locale.conf ] || return 0
  rules=/etc/tmpfiles.d/debian.conf
  [ -e "$rules" ] || rules=/usr/lib/tmpfiles.d/debian.conf
  grep -qs '^L[^[:space:]]*[[:space:]]*/etc/default/locale[[:space:]]' "$rules"
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
  { [ ! -f /etc/locale.gen ] || cat /etc/locale.gen; } >./locale.gen
  # awk ends the last line, which may lack its end.
  grep -qxF "$line" ./locale.gen || { awk 1 ./locale.gen && printf '%s\n' "$line"; } | set_locale_gen
  locale-gen || :
  locale_generated || {
    # It would fail at every later call of locale-gen, too, such as that of an upgrade.
    cmp -s ./locale.gen /etc/locale.gen || set_locale_gen <./locale.gen
    fail "base_locale: locale-gen could not make $locale; what it says is above"
  }
}

set_locale_gen() {
  cat >./content
  put_file /etc/locale.gen 644 root:root
}
