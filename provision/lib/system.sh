# What kind of system this is.
# shellcheck shell=sh

# os_release KEY: a value of os-release(5).
os_release() {
  # shellcheck disable=SC1091
  (
    unset "$1"
    [ ! -r /etc/os-release ] || . /etc/os-release
    eval "printf '%s' \"\${$1:-}\""
  )
}

# debian, ubuntu, alpine …
os_id() { os_release ID; }

is_debian_like() {
  STEP_OS=${STEP_OS:-$(os_id)}
  case $STEP_OS in debian | ubuntu) return 0 ;; *) return 1 ;; esac
}

has_command() { command -v "$1" >/dev/null 2>&1; }

has_systemd() { [ -d /run/systemd/system ]; }

has_openrc() { [ -d /run/openrc ]; }
