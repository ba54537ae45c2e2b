# Prometheus' node exporter, from the distribution's package.
# shellcheck shell=sh disable=SC2154

EXPORTER_PACKAGE=prometheus-node-exporter

# set_node_exporter WANTED ADDRESS SETTING: true or false, where it listens, and which setting says so. Wants lib/state.sh.
set_node_exporter() {
  exporter_listen=$2
  exporter_setting=$3
  exporter=$EXPORTER_PACKAGE
  exporter_conf=/etc/default/$EXPORTER_PACKAGE
  if ! is_debian_like; then
    # https://gitlab.alpinelinux.org/alpine/aports/-/tree/master/community/prometheus-node-exporter
    exporter=node-exporter
    exporter_conf=/etc/conf.d/node-exporter
  fi
  if [ "$1" = true ]; then run_node_exporter; else stop_node_exporter; fi
}

# Its address is there before the package, which starts it at once.
run_node_exporter() {
  echo "ARGS=\"--web.listen-address=$exporter_listen\"" >./exporter
  if ! file_is ./exporter "$exporter_conf" 644 root:root; then
    remember_also base-node-exporter ours
    ! package_present "$EXPORTER_PACKAGE" || owe base-owed "restart $exporter"
  fi
  install_file "$exporter_conf" 644 <./exporter
  exporter_started=
  packages "$EXPORTER_PACKAGE"
  was_started
  pay base-owed pay_restart
  run_service "$exporter"
  was_started
  [ -z "$exporter_started" ] || stays_up
}

pay_restart() {
  restart_service "$2"
  was_started
}

was_started() { [ "$STEP_LAST$STEP_CHECK" != changed ] || exporter_started=1; }

# What starts can still fail at once, with an address that is not here, and systemd starts it again and again.
stays_up() {
  sleep 1
  if has_systemd; then
    case $(systemctl show -p ActiveState -p NRestarts "$exporter" | tr '\n' ' ') in
      *ActiveState=failed* | *NRestarts=[1-9]*)
        # What it says itself, not what systemd says of it.
        journalctl --no-pager -o cat -n 3 _SYSTEMD_UNIT="$exporter.service" 2>/dev/null || :
        ;;
      *) return 0 ;;
    esac
  elif ! has_openrc || service_active "$exporter"; then
    return 0
  fi
  fail "$exporter_setting: $exporter does not stay up with --web.listen-address=$exporter_listen;" \
    "what it says is above. Write an address of this system, or :9100 for all of them"
}

# One that somebody else has installed is left alone.
stop_node_exporter() {
  [ -n "$(remembered base-node-exporter)" ] || return 0
  change "$exporter stopped and disabled" disable_exporter
  note "the package $EXPORTER_PACKAGE stays; write packages_absent: [$EXPORTER_PACKAGE] to remove it"
  remember base-node-exporter </dev/null
}

disable_exporter() {
  if has_systemd; then
    systemctl disable --now "$exporter" || ! service_known "$exporter"
  elif has_openrc && service_known "$exporter"; then
    rc-service "$exporter" stop
    rc-update del "$exporter" default
  fi
  rm -f "$exporter_conf"
}
