# Which packages the engine is, and its daemon's settings.
# shellcheck shell=sh disable=SC2034,SC2154

SOURCE=${docker_source:-docker}
VERSION=$(setting docker_version)
# What setting up Docker's repository takes.
REPOSITORY_PROGRAMS="ca-certificates curl gpg"

# engine PACKAGE: with the version that is asked for.
engine() { printf '%s' "$1${VERSION:+=$VERSION}"; }

# distribution_packages: leaves their names in ENGINE.
distribution_packages() {
  ENGINE=$(engine docker.io)
  candidates docker-cli docker-compose docker-compose-v2 >./candidates
  # Debian 13 has the client in a package of its own.
  ! grep -q '^docker-cli ' ./candidates || ENGINE="$ENGINE docker-cli"
  compose=$(compose_package)
  ENGINE="$ENGINE $compose"
}

refresh_if_stale() {
  [ -n "$STEP_CHECK" ] || lists_fresh || refresh_lists
}

# Ubuntu calls it docker-compose-v2. Debian's docker-compose is the plugin from version 2 on, and before that a program apart.
compose_package() {
  if grep -q '^docker-compose-v2 ' ./candidates; then
    echo docker-compose-v2
  elif version=$(sed -n 's/^docker-compose //p' ./candidates) && [ -n "$version" ] && dpkg --compare-versions "$version" ge 2; then
    echo docker-compose
  elif [ -n "$STEP_CHECK" ] && ! lists_fresh; then
    # Nothing has been fetched yet that could tell.
    echo docker-compose
  else
    fail "docker_source: $(os_release PRETTY_NAME) has no compose plugin among its packages; write docker_source: docker" >&2
  fi
}

set_daemon() {
  {
    echo '{'
    printf '  "log-driver": "json-file",\n'
    printf '  "log-opts": { "max-size": "%s", "max-file": "%s" }' "${docker_log_max_size:-10m}" "${docker_log_max_files:-3}"
    if [ -n "$STORAGE_DRIVER" ]; then printf ',\n  "storage-driver": "%s"' "$STORAGE_DRIVER"; fi
    printf '\n}\n'
  } >./daemon.json
  # What it runs with need not be asked again. Debian 12's is too old to be asked.
  if has_command dockerd && ! cmp -s ./daemon.json /etc/docker/daemon.json && dockerd --help 2>/dev/null | grep -q -e --validate; then
    said=$(dockerd --validate --config-file ./daemon.json 2>&1) || fail "dockerd refuses what would be written to /etc/docker/daemon.json: $said"
  fi
  # The file is there before the service first starts, so that it need not restart for it.
  if has_command dockerd && ! file_is ./daemon.json /etc/docker/daemon.json 644 root:root; then
    owe docker-owed "restart docker"
  fi
  install_file /etc/docker/daemon.json 644 <./daemon.json
}
