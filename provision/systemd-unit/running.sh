# What runs, now and after a boot.
# shellcheck shell=sh disable=SC2154

# set_running ENTRY
set_running() {
  name=$(setting "$1_name")
  enabled=$(setting "$1_enabled")
  started=$(setting "$1_started")
  # A template is enabled and started by its instances.
  case $name in
    *@.*) ;;
    *)
      if setting "$1_content" | grep -q '^[[:space:]]*\[Install\]'; then
        enabled=${enabled:-true}
        started=${started:-true}
      fi
      ;;
  esac
  on_change=$(setting "$1_on_change")
  printf '%s %s %s\n' "${on_change:-restart}" "${started:--}" "$name" >>./entries
  [ -z "$enabled" ] || set_enabled "$enabled"
  [ -z "$started" ] || set_started "$started"
}

set_enabled() {
  case $1.$(systemctl is-enabled "$name" 2>/dev/null) in
    true.enabled | true.static | true.alias | true.indirect | true.generated)
      if owed systemd-owed "enable-anew $name"; then
        change "$name enabled anew" systemctl reenable --quiet "$name"
      else
        ok "$name enabled"
      fi
      ;;
    true.*) change "$name enabled" systemctl enable --quiet "$name" ;;
    false.enabled | false.enabled-runtime | false.alias | false.indirect)
      change "$name disabled" systemctl disable --quiet "$name"
      ;;
    *) ok "$name not enabled" ;;
  esac
  paid systemd-owed "enable-anew $name"
}

set_started() {
  if [ "$1" = true ] && runs "$name"; then
    ok "$name runs"
  elif [ "$1" = true ]; then
    change "$name started" start start "$name"
    paid systemd-owed "changed $name"
  elif service_active "$name"; then
    change "$name stopped" systemctl stop "$name"
  else
    ok "$name does not run"
  fi
}

# A oneshot service that has done its work since the boot is as good as running.
runs() {
  service_active "$1" || {
    systemctl show -p Type -p Result -p ExecMainStartTimestampMonotonic "$1" >./shown 2>/dev/null &&
      grep -qx 'Type=oneshot' ./shown && grep -qx 'Result=success' ./shown &&
      grep -qx 'ExecMainStartTimestampMonotonic=[1-9][0-9]*' ./shown
  }
}

# start VERB UNIT
start() {
  anew "$1" "$2" || show_failure "$2" "systemctl $1 $2 failed"
  printf '%s\n' "$2" >>./watched
}

show_failure() {
  journalctl --no-pager -o cat -n 20 -u "$1" 2>/dev/null || :
  fail "$2; the end of its journal is above"
}

# pay_unit VERB UNIT: what is still owed once everything that should run has been started.
pay_unit() {
  [ "$1" = changed ] || return 0
  on_change=
  wanted=
  while read -r how running unit; do
    if [ "$unit" = "$2" ]; then
      on_change=$how
      wanted=$running
    fi
  done <./entries
  case $on_change in
    nothing) ok "$2 changed, and is left as it runs" ;;
    reload) reload_service "$2" ;;
    *)
      if service_active "$2" || { [ "$wanted" = true ] && runs "$2"; }; then
        change "$2 restarted" start restart "$2"
      else
        ok "$2 does not run, nothing to restart"
      fi
      ;;
  esac
}

# What starts can still fail at once; systemctl does not wait for that.
look_after() {
  [ -f ./watched ] || return 0
  sleep 1
  while IFS= read -r unit <&3; do
    systemctl show -p ActiveState -p NRestarts "$unit" >./shown
    case $(tr '\n' ' ' <./shown) in
      *ActiveState=failed* | *NRestarts=[1-9]*)
        show_failure "$unit" "$unit was started, and has failed" 3<&-
        ;;
    esac
  done 3<./watched
}
