# Timers that take a change back unless it is confirmed.
# shellcheck shell=sh disable=SC2154
ROLLBACK=${ROLLBACK:-/var/lib/proxmox-lab/rollback}

# arm_rollback NAME SECONDS: after that time runs standard input, a script, unless it is disarmed before. One that is armed
# already under this name is replaced.
arm_rollback() {
  rollback_name=$1
  rollback_seconds=$2
  stop_rollback "$rollback_name"
  (umask 077 && mkdir -p "$ROLLBACK")
  rm -f "$ROLLBACK/$rollback_name.done"
  {
    printf 'exec >%s/%s.log 2>&1\n' "$ROLLBACK" "$rollback_name"
    # Renamed first: who confirms at this very moment is told no.
    printf 'mv -f %s/%s.armed %s/%s.done || exit 0\nset -x\n' "$ROLLBACK" "$rollback_name" "$ROLLBACK" "$rollback_name"
    cat
  } >"$ROLLBACK/$rollback_name.sh"
  : >"$ROLLBACK/$rollback_name.armed"
  if has_systemd && has_command systemd-run; then
    systemd-run --quiet --collect --unit="proxmox-lab-rollback-$rollback_name" --on-active="${rollback_seconds}s" \
      --timer-property=AccuracySec=1s sh "$ROLLBACK/$rollback_name.sh"
  else
    # In a session of its own it outlives the connection that it was armed through.
    # shellcheck disable=SC2016 # they belong to the inner shell
    setsid sh -c 'echo $$ >"$1.pid"; sleep "$2"; exec sh "$1.sh"' rollback "$ROLLBACK/$rollback_name" "$rollback_seconds" \
      </dev/null >/dev/null 2>&1 &
  fi
}

stop_rollback() {
  if has_systemd && has_command systemd-run; then
    systemctl stop "proxmox-lab-rollback-$1.timer" 2>/dev/null || :
  elif [ -f "$ROLLBACK/$1.pid" ]; then
    # Its group: the shell and its sleep.
    kill -TERM "-$(cat "$ROLLBACK/$1.pid")" 2>/dev/null || :
    rm -f "$ROLLBACK/$1.pid"
  fi
}

# rollback_armed NAME
rollback_armed() { [ -f "$ROLLBACK/$1.armed" ]; }

# rollback_happened NAME
rollback_happened() { [ -f "$ROLLBACK/$1.done" ]; }

# confirm_rollback NAME: disarms it; fails when it has happened already.
confirm_rollback() {
  mv -f "$ROLLBACK/$1.armed" "$ROLLBACK/$1.confirmed" 2>/dev/null || return 1
  stop_rollback "$1"
  rm -f "$ROLLBACK/$1.confirmed" "$ROLLBACK/$1.sh" "$ROLLBACK/$1.done"
}
