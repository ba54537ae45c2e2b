# Services under systemd or OpenRC.
# shellcheck shell=sh

# To OpenRC a service whose start has failed is a stopped one: which of them a restart has left so stands in /run until the boot.
RESTARTING=/run/proxmox-lab-restart

service_active() {
  if has_systemd; then
    systemctl is-active --quiet "$1"
  elif has_openrc; then
    rc-service -q "$1" status >/dev/null 2>&1
  else
    return 1
  fi
}

# service_failed NAME: it does not run, and nobody has stopped it. A job that ends by itself, such as a timer's, need not run.
service_failed() {
  if has_systemd; then
    failed_state=$(systemctl show -p ActiveState -p Type -p RemainAfterExit "$1" 2>/dev/null) || return 1
    case $failed_state in *ActiveState=failed* | *ActiveState=activating*) ;; *) return 1 ;; esac
    case $failed_state in *Type=oneshot*) case $failed_state in *RemainAfterExit=no*) return 1 ;; esac ;; esac
  elif has_openrc; then
    [ ! -e "$RESTARTING-$1" ] || return 0
    # 32: crashed (status() in OpenRC's openrc-run.sh).
    failed_state=0
    rc-service -q "$1" status >/dev/null 2>&1 || failed_state=$?
    [ "$failed_state" -eq 32 ]
  else
    return 1
  fi
}

# service_known NAME: there is a service of that name, whether it runs or not.
service_known() {
  if has_systemd; then
    [ "$(systemctl show -p LoadState --value "$1" 2>/dev/null)" != not-found ]
  elif has_openrc; then
    rc-service --exists "$1"
  fi
}

# reload_service NAME: one that is stopped stays so, and reads its files when it starts; one that has failed starts anew.
reload_service() {
  if ! service_active "$1"; then
    revive "$1" reload
  else
    change "$1 reloaded" reload_now "$1"
  fi
}

# restart_service NAME: likewise.
restart_service() {
  if service_active "$1"; then
    change "$1 restarted" restart_now "$1"
  else
    revive "$1" restart
  fi
}

revive() {
  if service_failed "$1"; then
    change "$1, which had failed, restarted" restart_now "$1"
  else
    ok "$1 does not run, nothing to $2"
  fi
}

restart_now() {
  if has_systemd; then
    anew restart "$1" || service_refuses "$1" restarted
  else
    : >"$RESTARTING-$1"
    rc-service "$1" restart || service_refuses "$1" restarted
    rm -f "$RESTARTING-$1"
  fi
}

reload_now() {
  if has_systemd; then
    systemctl reload-or-restart "$1" || service_refuses "$1" reloaded
  else
    rc-service "$1" reload || service_refuses "$1" reloaded
  fi
}

# service_refuses SERVICE DONE: SERVICE_REMEDY is what a role says of it besides.
service_refuses() {
  ! has_systemd || show_journal "$1"
  fail "$1 cannot be $2; what it says is above${SERVICE_REMEDY:+. $SERVICE_REMEDY}"
}

show_journal() { journalctl --no-pager -o cat -n 20 -u "$1" 2>/dev/null || :; }

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
