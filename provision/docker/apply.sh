# Docker Engine with the compose plugin. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/state.sh
. ./lib/holds.sh
. ./traps.sh
. ./engine.sh

KEYRING=/etc/apt/keyrings/docker.asc
# https://docs.docker.com/engine/install/debian/ and /ubuntu/: the key of both repositories has this fingerprint.
FINGERPRINT=9DC858229FC7DD38854AE2D88D81803C0EBFCD88

set_engine() {
  case $SOURCE in
    docker)
      set_repository
      packages "$(engine docker-ce)" "$(engine docker-ce-cli)" containerd.io docker-buildx-plugin docker-compose-plugin
      hold docker-ce docker-ce-cli
      ;;
    distribution)
      remove_file /etc/apt/sources.list.d/docker.sources
      refresh_if_stale
      distribution_packages
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

pay_restart() { restart_service "$2"; }

# Whoever was let in by a former docker_user, and by nobody else, is let in no longer.
set_user() {
  former=$(remembered docker-user)
  if [ -n "$former" ] && [ "$former" != "${docker_user:-}" ]; then
    let_out "$former"
    remember docker-user </dev/null
  fi
  [ -n "${docker_user:-}" ] || return 0
  if in_docker "$docker_user"; then
    ! by_base "$docker_user" || printf '%s\n' "$docker_user" | remember docker-user
    ok "$docker_user in group docker"
    return 0
  fi
  # Said before, so that a run that was killed in between has said it.
  printf '%s\n' "$docker_user" | remember docker-user
  if getent passwd "$docker_user" >/dev/null; then
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
    note "the account $1 stays, and may use Docker, for docker is its own group; userdel -r $1 removes it"
  else
    change "$1 no longer in group docker" gpasswd --delete "$1" docker
    note "the account $1 stays; userdel -r $1 removes it"
  fi
}

# Whether the role base has let this user in, by base_users.
by_base() { remembered base-groups | grep -qxF -e "$1 docker"; }

in_docker() { id -nG "$1" 2>/dev/null | tr ' ' '\n' | grep -qx docker; }

# The group is of the package, so it is there even for a user of the same name.
add_docker_user() {
  if getent group "$docker_user" >/dev/null; then set -- --no-user-group --gid docker; else set -- --user-group --groups docker; fi
  useradd --create-home "$@" --shell /bin/bash --password '*' "$docker_user"
}

is_debian_like || fail "docker: this role knows Debian and Ubuntu, this is $(os_release PRETTY_NAME)"
look_for_traps
set_daemon
set_engine
run_service docker
pay docker-owed pay_restart
set_user
