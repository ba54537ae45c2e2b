# Packages that Debian's and Ubuntu's tools leave at the version they have.
# shellcheck shell=sh disable=SC2154

# hold_packages OWNER [PACKAGE…]: holds these, and lets go those that OWNER held before, unless another OWNER holds them, too.
# Wants lib/state.sh.
hold_packages() {
  holds=holds-$1
  shift
  apt-mark showhold >./showhold
  remembered "$holds" >./held-before
  held_by_others >./held-by-others
  printf '%s\n' "$@" >./hold
  for package in "$@"; do
    if ! grep -qxF -e "$package" ./showhold; then
      remember_also "$holds" "$package"
      change "$package held" hold_package "$package"
    else
      # What was held before we came is not remembered, and not ours to let go.
      if [ -s ./held-by-others ] && grep -qxF -e "$package" ./held-by-others; then remember_also "$holds" "$package"; fi
      ok "$package held"
    fi
  done
  while read -r package; do
    if grep -qxF -e "$package" ./hold || ! grep -qxF -e "$package" ./showhold; then
      continue
    elif grep -qxF -e "$package" ./held-by-others; then
      ok "$package still held for another role"
    else
      change "$package no longer held" past_lock apt-mark unhold "$package" </dev/null
    fi
  done <./held-before
  remembered "$holds" >./held-now
  grep -xF -f ./hold ./held-now >./held || :
  remember "$holds" <./held
}

held_by_others() {
  for other in "$STATE"/holds-*; do
    [ ! -f "$other" ] || [ "$other" = "$STATE/$holds" ] || cat "$other"
  done
}

hold_package() {
  past_lock apt-mark hold "$1" || fail "${HOLD_SETTING:-$holds}: $1 cannot be held; what apt-mark says is above." \
    "It has to be a package that the package lists have: apt-cache policy $1"
}
