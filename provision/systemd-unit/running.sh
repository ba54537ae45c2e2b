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
  printf '%s %s %s\n' "${on_change:--}" "${started:--}" "$name" >>./entries
  [ -z "$enabled" ] || set_enabled "$enabled"
  [ -z "$started" ] || set_started "$started"
}

set_enabled() {
  case $1.$(systemctl is-enabled "$name" 2>/dev/null) in
    true.static) expect_install ;;
    true.enabled | true.alias | true.indirect | true.generated)
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

# A static unit. In a check the files that make it more than that may not have been written yet.
expect_install() {
  template=${name%%@*}@.${name##*.}
  if [ -n "$STEP_CHECK" ] && { owed systemd-owed "changed $name" || owed systemd-owed "changed $template"; }; then return 0; fi
  others=$(systemctl show -p TriggeredBy --value "$name" 2>/dev/null) || :
  fail "systemd_units: $name: enabled: true has no effect, for the unit has no [Install] section that says when it is started." \
    "Take that away${others:+, enable what starts it ($others)}, or add a section to it by drop_in: [Install] with WantedBy=multi-user.target"
}

set_started() {
  if [ "$1" = true ] && runs "$name"; then
    ok "$name runs"
  elif [ "$1" = true ]; then
    change "$name started" start start "$name"
    # After a run it is struck out by settle, once the unit has proved to run.
    if [ -n "$STEP_CHECK" ]; then
      paid systemd-owed "changed $name"
      paid_start "$name"
    fi
  elif service_active "$name"; then
    change "$name stopped" systemctl stop "$name"
  else
    ok "$name does not run"
  fi
}

# A oneshot service that has done its work since the boot is as good as running. systemd forgets that of a unit that nothing
# refers to; $RAN knows what this role has started.
runs() {
  service_active "$1" || {
    systemctl show -p Type -p RemainAfterExit -p Result -p ExecMainStartTimestampMonotonic "$1" >./shown 2>/dev/null &&
      grep -qx 'Type=oneshot' ./shown && grep -qx 'RemainAfterExit=no' ./shown && grep -qx 'Result=success' ./shown &&
      { grep -qx 'ExecMainStartTimestampMonotonic=[1-9][0-9]*' ./shown || grep -qsxF -e "$1" "$RAN"; }
  }
}

# start VERB UNIT
start() {
  freed=
  along=
  case $2 in *.socket) free_socket "$2" ;; esac
  anew "$1" "$2" || show_failure "$2" "systemctl $1 $2 failed"
  printf '%s\n' "$2" >>"$RAN"
  printf '%s\n' "$2" >>./watched
  paid_start "$2"
  for each in $freed; do bring_back "$each" "$2 cannot start while it runs"; done
  for each in $along; do bring_back "$each" "it stops together with$freed"; done
}

# bring_back UNIT WHY
bring_back() {
  anew start "$1" || show_failure "$1" "systemctl start $1 failed"
  note "$1 was stopped and started again, for $2"
  printf '%s\n' "$1" >>./watched
  paid_start "$1"
}

paid_start() { ! owed systemd-owed "start $1" || paid systemd-owed "start $1"; }

# A socket does not start while the service runs that it is for. Both stop at once, so that no connection brings that one back.
free_socket() {
  # Who is connected to one with Accept=yes has a service of his own.
  [ "$(systemctl show -p Accept --value "$1")" = no ] || return 0
  for each in $(systemctl show -p Triggers --value "$1"); do
    ! is_up "$each" || freed="$freed $each"
  done
  [ -n "$freed" ] || return 0
  seen="$1$freed"
  for each in "$1" $freed; do stops_with "$each"; done
  for each in "$1" $freed $along; do owe systemd-owed "start $each"; done
  # shellcheck disable=SC2086
  systemctl stop "$1" $freed
}

is_up() { case $(systemctl is-active "$1" 2>/dev/null) in "" | inactive | failed) return 1 ;; esac }

# stops_with UNIT: adds to $along what runs and systemd stops along with it, systemd.unit(5). What does not run passes nothing on.
stops_with() {
  for each in $(systemctl show -p RequiredBy -p RequisiteOf -p BoundBy -p ConsistsOf -p PropagatesStopTo --value "$1"); do
    case " $seen " in *" $each "*) continue ;; esac
    seen="$seen $each"
    is_up "$each" || continue
    along="$along $each"
    stops_with "$each"
  done
}

show_failure() {
  show_journal "$1"
  fail "$2; the end of its journal is above"
}

# What is still owed once everything that should run has been started. It is struck out when what was started has proved to run.
settle() {
  open_debts systemd-owed
  cp ./systemd-owed ./debts
  while read -r verb unit <&3; do
    case $verb.$unit in
      enable-anew.*) enable_anew "$unit" 3<&- ;;
      start.*) start_again "$unit" 3<&- ;;
      changed.*@.*) instances_changed "$unit" 3<&- ;;
      changed.*) grep -qxF -e "$unit" ./watched || unit_changed "$unit" "" 3<&- ;;
    esac
  done 3<./debts
  look_after
  while IFS= read -r debt <&3; do paid systemd-owed "$debt"; done 3<./debts
  forget_runs
}

# What a run that was killed had stopped for a socket.
start_again() {
  wanted=-
  ask_entry "$1"
  if [ "$wanted" != false ] && service_known "$1" && ! service_active "$1"; then change "$1 started" start start "$1"; fi
}

# What is no longer to have run counts as new when it comes back.
forget_runs() {
  if [ -n "$STEP_CHECK" ] || [ ! -s "$RAN" ]; then return 0; fi
  to_run | grep -xF -f "$RAN" >./ran || :
  cmp -s ./ran "$RAN" || cp ./ran "$RAN"
}

to_run() { awk '$2 == "true" { print $3 }' ./entries; }

# Without the file that it was enabled by, a unit is enabled by the one that is behind it.
enable_anew() {
  [ "$(systemctl is-enabled "$1" 2>/dev/null)" != enabled ] || change "$1 enabled anew" systemctl reenable --quiet "$1"
}

# Instances of a template, but for those that were started just now.
instances_changed() {
  systemctl list-units --all --plain --no-legend --type="${1##*.}" >./listed || [ -n "$STEP_CHECK" ]
  {
    awk '$3 != "inactive" { print $1 }' ./listed
    to_run
  } | sort -u >./instances
  while read -r instance <&4; do
    case $instance in "${1%%@.*}@"*".${1##*.}") ;; *) continue ;; esac
    grep -qxF -e "$instance" ./watched || unit_changed "$instance" "$1" 4<&-
  done 4<./instances
}

# unit_changed UNIT TEMPLATE: an instance's own entry counts before its template's.
unit_changed() {
  on_change=restart
  wanted=-
  ask_entry "$2"
  ask_entry "$1"
  if [ "$on_change" = nothing ]; then
    ok "$1 changed, and is left as it runs"
  elif ! should_run "$1"; then
    ok "$1 does not run, nothing to restart"
  elif [ "$on_change" = reload ] && service_active "$1"; then
    change "$1 reloaded" start reload-or-restart "$1"
  else
    change "$1 restarted" start restart "$1"
  fi
}

# ask_entry UNIT: what its entry says, in $on_change and $wanted.
ask_entry() {
  while read -r how running each; do
    [ "$each" = "$1" ] || continue
    [ "$how" = - ] || on_change=$how
    wanted=$running
  done <./entries
}

should_run() {
  [ "$wanted" != false ] || return 1
  service_active "$1" || service_failed "$1" || { [ "$wanted" = true ] && runs "$1"; }
}

# What starts can still fail at once, or be started over and over; systemctl does not wait for that.
look_after() {
  [ -s ./watched ] || return 0
  sleep 1
  while IFS= read -r unit <&3; do
    systemctl show -p ActiveState -p SubState -p NRestarts "$unit" >./shown
    case $(tr '\n' ' ' <./shown) in
      *ActiveState=failed* | *SubState=auto-restart* | *NRestarts=[1-9]*)
        show_failure "$unit" "$unit was started, and has failed" 3<&-
        ;;
    esac
  done 3<./watched
}
