# Runs as root where the step belongs, in a folder of its own that is removed afterwards.
# Arguments: the step's name, for the output; apply, confirm or check; true to show all that the script says, default: false.
# shellcheck shell=sh
set -u
cd "$(dirname "$0")" || exit 97
name=$1
action=$2
verbose=${3:-false}
say() { printf '%s: %s\n' "$name" "$*"; }

# What a stopped or killed run left behind; a run of its own would be younger.
find /run -maxdepth 1 -name 'proxmox-lab.*' -mmin +1440 -exec rm -rf {} + 2>/dev/null

booted() {
  case $(cat /proc/1/comm 2>/dev/null) in
    systemd)
      case $(systemctl is-system-running 2>/dev/null) in
        running | degraded | maintenance) return 0 ;;
        *) return 1 ;;
      esac
      ;;
    init)
      [ -x /sbin/openrc ] || return 0
      [ "$(cat /run/openrc/softlevel 2>/dev/null)" = default ] && [ ! -e /run/openrc/rc.starting ]
      ;;
    *) return 0 ;;
  esac
}

# Packages start and restart services, which a system that still boots may undo or refuse.
limit=120
waited=0
until booted; do
  if [ "$waited" -ge "$limit" ]; then
    say "still starting after $limit s; going on all the same"
    break
  fi
  sleep 1
  waited=$((waited + 1))
done

# A run outlives its connection; the next one of the same step waits for its end. A check changes nothing, and waits for none.
alone() {
  command -v flock >/dev/null || return 0
  other=unknown
  # shellcheck disable=SC2086
  lock=/run/proxmox-lab-lock.$(IFS=' /' && set -f && set -- $name && IFS=_ && printf %s "$*")
  if ! true 2>/dev/null >>"$lock"; then
    lock=
    return 0
  fi
  exec 9>>"$lock"
  patience=1800
  until flock -n 9; do
    if [ "$patience" -eq 1800 ]; then
      read -r other <"$lock"
      say "a run of this step still works here, as process $other; waiting for it"
    fi
    if [ "$patience" -le 0 ]; then
      say "failed: process $other still works after half an hour; see what hangs there, and apply again when it has ended"
      exit 97
    fi
    sleep 2
    patience=$((patience - 2))
  done
}
lock=
[ "$action" = check ] || alone

HOME=${HOME:-/root} LC_ALL=C DEBIAN_FRONTEND=noninteractive
export HOME LC_ALL DEBIAN_FRONTEND
: >report

# The settings become variables of the shell that runs the role, not of the environment of what it starts.
# Output goes to a file, so that a service which the role starts holds no end of the connection; nor has it the lock.
sh -euc '[ -z "$2" ] || echo $$ >"$2"; set -- "$1"; . ./settings.sh; [ ! -f ./secrets.sh ] || . ./secrets.sh; . "./$1.sh"' role "$action" "$lock" >output 2>&1 9>&-
status=$?

show_output() {
  while IFS= read -r line || [ -n "$line" ]; do printf '%s | %s\n' "$name" "$line"; done <output
}
count() { grep -c "^$1" report; }
# A shell ends with 2, too: for a file that is not there, or a variable that is not set. What finished says so (lib/step.sh).
drifted() { [ "$status" -eq 2 ] && [ -e finished ]; }
case $action.$status.$(drifted && echo drifted) in
  apply.0.* | confirm.0.* | check.0.* | check.2.drifted)
    if [ "$verbose" = true ]; then show_output; else grep -v '^ok: ' report | while read -r line; do say "$line"; done; fi
    if [ "$action" = check ]; then
      say "checked: $(count 'ok: ') as wanted, $(count 'would change: ') would change"
    else
      say "done: $(count 'changed: ') changed, $(count 'ok: ') as they were"
    fi
    ;;
  *)
    show_output
    say "failed with status $status; what it said is above"
    ;;
esac
exit "$status"
