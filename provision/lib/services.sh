# Services under systemd or OpenRC.
# shellcheck shell=sh

service_active() {
  if has_systemd; then
    systemctl is-active --quiet "$1"
  elif has_openrc; then
    rc-service -q "$1" status >/dev/null 2>&1
  else
    return 1
  fi
}

# reload_service NAME: only where it runs; one that is stopped reads its files when it starts.
reload_service() {
  if ! service_active "$1"; then
    ok "$1 does not run, nothing to reload"
  elif has_systemd; then
    change "$1 reloaded" systemctl reload-or-restart "$1"
  else
    change "$1 reloaded" rc-service "$1" reload
  fi
}

# restart_service NAME
restart_service() {
  if ! service_active "$1"; then
    ok "$1 does not run, nothing to restart"
  elif has_systemd; then
    change "$1 restarted" anew restart "$1"
  else
    change "$1 restarted" rc-service "$1" restart
  fi
}

# anew COMMAND… UNIT: systemctl, also for a unit that has failed, or was started, so often that systemd would not try again.
anew() {
  for anew_unit in "$@"; do :; done
  systemctl reset-failed "$anew_unit" 2>/dev/null || :
  systemctl "$@"
}

# run_service NAME: started now and at every boot.
run_service() {
  if has_systemd; then
    if systemctl is-enabled --quiet "$1" && service_active "$1"; then
      ok "$1 runs"
    else
      change "$1 enabled and started" anew enable --now "$1"
    fi
  elif has_openrc; then
    if rc-update show default | grep -qw "$1" && service_active "$1"; then
      ok "$1 runs"
    else
      change "$1 enabled and started" enable_openrc "$1"
    fi
  else
    skip "$1" "neither systemd nor OpenRC runs here"
  fi
}

enable_openrc() {
  rc-update add "$1" default
  rc-service "$1" start
}
