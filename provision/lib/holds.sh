# Packages that Debian's and Ubuntu's tools leave at the version they have.
# shellcheck shell=sh disable=SC2154

# hold_packages OWNER [PACKAGE…]: holds these, and lets go those that OWNER held before. Wants lib/state.sh.
hold_packages() {
  holds=holds-$1
  shift
  apt-mark showhold >./showhold
  remembered "$holds" >./held-before
  printf '%s\n' "$@" >./hold
  for package in "$@"; do
    if grep -qxF -e "$package" ./showhold; then
      ok "$package held"
    else
      remember_also "$holds" "$package"
      change "$package held" past_lock apt-mark hold "$package"
    fi
  done
  while read -r package; do
    if ! grep -qxF -e "$package" ./hold && grep -qxF -e "$package" ./showhold; then
      change "$package no longer held" past_lock apt-mark unhold "$package" </dev/null
    fi
  done <./held-before
  # What was held before we came was not remembered, and is not ours to let go.
  remembered "$holds" >./held-now
  grep -xF -f ./hold ./held-now >./held || :
  remember "$holds" <./held
}
