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

is_debian_like || fail "compose-app: this role knows Debian and Ubuntu, this is $(os_release PRETTY_NAME)"
: >./wanted
entries compose_apps want_app
# First, so that a port that one app had is free for another.
remove_other_apps
entries compose_apps set_app
