# Docker Engine with the compose plugin. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2034,SC2154
set -eu
. ./lib/step.sh
. ./lib/state.sh
. ./lib/holds.sh
. ./lib/account.sh
. ./traps.sh
. ./engine.sh

OWED_ACCOUNTS=docker-accounts
KEYRING=/etc/apt/keyrings/docker.asc
# https://docs.docker.com/engine/install/debian/ and /ubuntu/: the key of both repositories has this fingerprint.
FINGERPRINT=9DC858229FC7DD38854AE2D88D81803C0EBFCD88

set_engine() {
  case $SOURCE in
    docker)
      set_repository
      keep_running docker-ce
      packages "$(engine docker-ce)" "$(engine docker-ce-cli)" containerd.io docker-buildx-plugin docker-compose-plugin
      hold docker-ce docker-ce-cli
      ;;
    distribution)
      remove_file /etc/apt/sources.list.d/docker.sources
      refresh_if_stale
      distribution_packages
      keep_running docker.io
      # shellcheck disable=SC2086
      packages $ENGINE
      hold docker.io
      ;;
  esac
}

set_repository() {
  # shellcheck disable=SC2086
  packages $REPOSITORY_PROGRAMS
  if [ -f "$KEYRING" ] && [ "$(fingerprint_of "$KEYRING")" = "$FINGERPRINT" ]; then
    ok "Docker's signing key"
  else
    change "Docker's signing key" fetch_key
  fi
  install_file /etc/apt/sources.list.d/docker.sources 644 <<CONF
Types: deb
URIs: https://download.docker.com/linux/$(os_id)
Suites: $(os_release VERSION_CODENAME)
Components: stable
Architectures: $(dpkg --print-architecture)
Signed-By: $KEYRING
CONF
  [ "$STEP_LAST" = ok ] || change "package lists" refresh_lists
}

fingerprint_of() {
  gpg --batch --with-colons --show-keys "$1" 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }'
}

fetch_key() {
  retry "Docker's signing key" curl -fsSL --max-time 30 -o ./docker.asc "https://download.docker.com/linux/$(os_id)/gpg"
  found=$(fingerprint_of ./docker.asc)
  [ "$found" = "$FINGERPRINT" ] || fail "the key at download.docker.com has the fingerprint ${found:-none}, expected $FINGERPRINT: nothing is installed; find out why before going on"
  install_content ./docker.asc
}

install_content() {
  cp "$1" ./content
  put_file "$KEYRING" 644 root:root
}

# A pinned version stays when everything else is upgraded; without a pin, nothing is held back.
hold() {
  [ -n "$VERSION" ] || set --
  hold_packages docker "$@"
}

# keep_running PACKAGE: another version of it, or it instead of another source's, restarts the daemon, too.
keep_running() {
  if ! has_command dockerd || package_present "$(engine "$1")"; then return 0; fi
  owe_running
}

# owe_running: to a container without a restart policy, the daemon's restart is its end. The oldest first, which the others may
# be waiting for. What an earlier look at this same run of the daemon has found may have been stopped since by somebody.
owe_running() {
  : >./running
  if [ -n "$STEP_CHECK" ] || ! service_active docker; then return 0; fi
  docker ps --quiet --no-trunc >./running 2>/dev/null || :
  invocation=$(daemon_invocation)
  [ -z "$invocation" ] || forget_running "$invocation"
  sed '1!G; h; $!d' ./running | while read -r running; do owe docker-owed "start $running${invocation:+ $invocation}"; done
}

# Another one whenever the daemon has been started anew.
daemon_invocation() { systemctl show --property InvocationID --value docker 2>/dev/null || :; }

forget_running() {
  open_debts docker-owed
  grep -v "^start .* $1\$" ./docker-owed >./other-debts || :
  cp ./other-debts ./docker-owed
  remember docker-owed <./docker-owed
}

# pay_docker restart docker | start ID [INVOCATION]
pay_docker() {
  if [ "$1" = start ]; then
    # The daemon that it ran under still runs, or it no longer ran when that was restarted: so it was not the restart that ended it.
    if ! owed docker-owed "$*" || [ "${3:-none}" = "$(daemon_invocation)" ]; then return 0; fi
    start_again "$2"
    return 0
  fi
  owe_running
  [ ! -s ./running ] || note "containers keep the log limits that they were made with until they are made anew"
  restart_service "$2"
}

# start_again ID: what has a policy of its own runs by now; what was to be removed when it ended is gone.
start_again() {
  again=$(docker inspect --format '{{.State.Running}} {{.Name}}' "$1" 2>/dev/null) || return 0
  case $again in
    "true "*) ok "container ${again#true /} runs" ;;
    *) change "container ${again#false /}, which the restart has stopped, started" start_container "$1" ;;
  esac
}

start_container() {
  docker start "$1" >./said 2>&1 || fail "docker: container ${again#false /} ran before the daemon's restart, and does not start again: $(cat ./said)." \
    "Mend that, or remove it (docker rm ${again#false /}), and apply again"
}

# Whoever was let in by a former docker_user, and by nobody else, is let in no longer.
set_user() {
  former=$(remembered docker-user)
  if [ -n "$former" ] && [ "$former" != "${docker_user:-}" ]; then
    let_out "$former"
    remember docker-user </dev/null
  fi
  [ -n "${docker_user:-}" ] || return 0
  if in_docker "$docker_user" && ! account_owed "$docker_user"; then
    ! by_base "$docker_user" || printf '%s\n' "$docker_user" | remember docker-user
    ok "$docker_user in group docker"
    return 0
  fi
  # Said before, so that a run that was killed in between has said it.
  printf '%s\n' "$docker_user" | remember docker-user
  if getent passwd "$docker_user" >/dev/null && ! account_owed "$docker_user"; then
    change "$docker_user in group docker" usermod --append --groups docker "$docker_user"
  else
    change "user $docker_user" add_docker_user
  fi
}

let_out() {
  in_docker "$1" || return 0
  if by_base "$1"; then
    note "$1 stays in group docker, which base_users asks for"
  elif [ "$(id -gn "$1")" = docker ]; then
    note "the account $1 stays, and may use Docker, for docker is its own group$(removal "$1")"
  else
    change "$1 no longer in group docker" gpasswd --delete "$1" docker
    note "the account $1 stays$(removal "$1")"
  fi
}

# removal NAME: how an account goes again that this role has made; of any other it is not for this role to say.
removal() { ! remembered docker-made | grep -qxF -e "$1" || printf '; userdel -r %s removes it' "$1"; }

# Whether the role base has let this user in, by base_users.
by_base() { remembered base-groups | grep -qxF -e "$1 docker"; }

in_docker() { id -nG "$1" 2>/dev/null | tr ' ' '\n' | grep -qx docker; }

add_docker_user() {
  remember_also docker-made "$docker_user"
  make_account "$docker_user" /bin/bash
  usermod --append --groups docker "$docker_user"
}

is_debian_like || fail "docker: this role knows Debian and Ubuntu, this is $(os_release PRETTY_NAME)"
look_for_traps
set_daemon
set_engine
run_service docker
pay docker-owed pay_docker
# What the restart itself has owed.
pay docker-owed pay_docker
set_user
