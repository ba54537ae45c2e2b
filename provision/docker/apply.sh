# Docker Engine with the compose plugin. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./traps.sh

SOURCE=${docker_source:-docker}
VERSION=$(setting docker_version)
KEYRING=/etc/apt/keyrings/docker.asc
# https://docs.docker.com/engine/install/debian/ and /ubuntu/: the key of both repositories has this fingerprint.
FINGERPRINT=9DC858229FC7DD38854AE2D88D81803C0EBFCD88

# engine PACKAGE: with the version that is asked for.
engine() { printf '%s' "$1${VERSION:+=$VERSION}"; }

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
      # Debian 13 has the client in a package of its own.
      set -- "$(engine docker.io)"
      ! available docker-cli || set -- "$@" docker-cli
      compose=$(compose_package)
      packages "$@" "$compose"
      hold docker.io
      ;;
  esac
}

refresh_if_stale() {
  [ -n "$STEP_CHECK" ] || lists_fresh || refresh_lists
}

# Ubuntu calls it docker-compose-v2. Debian's docker-compose is the plugin from version 2 on, and before that a program apart.
compose_package() {
  if available docker-compose-v2; then
    echo docker-compose-v2
  elif available docker-compose && dpkg --compare-versions "$(candidate docker-compose)" ge 2; then
    echo docker-compose
  else
    fail "docker_source: $(os_release PRETTY_NAME) has no compose plugin among its packages; write docker_source: docker" >&2
  fi
}

set_repository() {
  packages ca-certificates curl gpg
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

# hold PACKAGE…: a pinned version stays when everything else is upgraded; without a pin, nothing is held back.
hold() {
  held=$(apt-mark showhold)
  for package in "$@"; do
    if printf '%s\n' "$held" | grep -qxF "$package"; then is_held=1; else is_held=; fi
    if [ -n "$VERSION" ] && [ -z "$is_held" ]; then
      change "$package held at $VERSION" apt-mark hold "$package"
    elif [ -z "$VERSION" ] && [ -n "$is_held" ]; then
      change "$package no longer held" apt-mark unhold "$package"
    else
      ok "hold of $package"
    fi
  done
}

set_daemon() {
  {
    echo '{'
    printf '  "log-driver": "json-file",\n'
    printf '  "log-opts": { "max-size": "%s", "max-file": "%s" }' "${docker_log_max_size:-10m}" "${docker_log_max_files:-3}"
    if [ -n "$STORAGE_DRIVER" ]; then printf ',\n  "storage-driver": "%s"' "$STORAGE_DRIVER"; fi
    printf '\n}\n'
  } >./daemon.json
  if has_command dockerd; then
    said=$(dockerd --validate --config-file ./daemon.json 2>&1) || fail "dockerd refuses what would be written to /etc/docker/daemon.json: $said"
  fi
  install_file /etc/docker/daemon.json 644 <./daemon.json
}

set_user() {
  [ -n "${docker_user:-}" ] || return 0
  if ! getent passwd "$docker_user" >/dev/null; then
    # The group is of the package, so it is there even for a user of the same name.
    change "user $docker_user" useradd --create-home --gid docker --shell /bin/bash --password '*' "$docker_user"
  elif id -nG "$docker_user" | tr ' ' '\n' | grep -qx docker; then
    ok "$docker_user in group docker"
  else
    change "$docker_user in group docker" usermod --append --groups docker "$docker_user"
  fi
}

is_debian_like || fail "docker: this role knows Debian and Ubuntu, this is $(os_release PRETTY_NAME)"
look_for_traps
# The file is there before the service first starts, so that it need not restart for it.
set_daemon
daemon_file=$STEP_LAST
was_there=
! has_command dockerd || was_there=1
set_engine
run_service docker
if [ "$daemon_file" = changed ] && [ -n "$was_there" ]; then restart_service docker; fi
set_user
