# Compose projects. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/compose.sh
. ./lib/lists.sh

APPS=/opt/compose-apps

# set_app SETTING
set_app() {
  name=$(setting "$1_name")
  stage_project
  setting "$1_compose" | stage compose.yaml 600
  entries "$1_env" stage_variable | stage .env 600
  entries "$1_files" stage_file
  compose_project "$name" "$APPS/$name" "$(setting "$1_timeout")"
}

# With a mark behind the value, for $( ) drops the newlines that it ends in.
stage_variable() {
  value=$(setting "$1_value" && echo .)
  env_line "$(setting "$1_name")" "${value%.}"
  [ "$(setting "$1_secret")" != true ] || hide variable "$(setting "$1_name")"
}

stage_file() {
  setting "$1_content" | stage "$(setting "$1_path")" "$(setting "$1_mode")"
  [ "$(setting "$1_secret")" != true ] || hide file "$(setting "$1_path")"
}

# want_app SETTING
want_app() {
  setting "$1_name" >>./wanted
  echo >>./wanted
}

remove_other_apps() {
  for managed in "$APPS"/*/.managed; do
    [ -f "$managed" ] || continue
    folder=${managed%/.managed}
    grep -qxF -e "${folder##*/}" ./wanted || compose_gone "${folder##*/}" "$folder"
  done
}

# try_app SETTING: one that fails keeps no other one from being done.
try_app() {
  tried_before=$(changes)
  others_failed=
  [ ! -s ./failed ] || others_failed=1
  set +e
  (
    set -e
    trap 'step_ended $?' EXIT
    set_app "$1"
  )
  tried=$?
  set -e
  [ "$tried" -eq 0 ] || printf '%s\n' "$1" >>./failed
  [ -z "$others_failed" ] || [ "$(changes)" = "$tried_before" ] || changed_since=1
}

changes() { grep -c '^changed: ' ./report || :; }

# Once more what failed before others changed: one may have had its port, another brings the network that it joins.
try_again() {
  mv ./failed ./again
  : >./failed
  while read -r again <&3; do
    try_app "$again"
    grep -qxF -e "$again" ./failed || note "$(setting "${again}_name"): failed at first, and is done now that other apps have changed"
  done 3<./again
}

name_failed() {
  while read -r failed; do setting "${failed}_name" && echo; done <./failed >./failed-names
}

is_debian_like || fail "compose-app: this role knows Debian and Ubuntu, this is $(os_release PRETTY_NAME)"
: >./wanted
entries compose_apps want_app
# First, so that a port that one app had is free for another.
remove_other_apps
: >./failed
changed_since=
entries compose_apps try_app
[ ! -s ./failed ] || [ -z "$changed_since" ] || try_again
if [ -s ./failed ]; then
  [ "$(list_length compose_apps)" -gt 1 ] || exit 1
  name_failed
  fail "compose-app: failed: $(listed ./failed-names); what each of them says is above, and the other apps are not concerned"
fi
