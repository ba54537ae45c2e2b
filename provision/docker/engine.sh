# Which packages the engine is, and its daemon's settings.
# shellcheck shell=sh disable=SC2034,SC2154

SOURCE=${docker_source:-docker}
VERSION=$(setting docker_version)
# What setting up Docker's repository takes.
REPOSITORY_PROGRAMS="ca-certificates curl gpg"
DAEMON=/etc/docker/daemon.json

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
  keep_foreign
  # What it runs with need not be asked again. Debian 12's is too old to be asked.
  if has_command dockerd && ! cmp -s ./daemon.json "$DAEMON" && dockerd --help 2>/dev/null | grep -q -e --validate; then
    said=$(dockerd --validate --config-file ./daemon.json 2>&1) || fail "dockerd refuses what would be written to $DAEMON: $said"
  fi
  # The file is there before the service first starts, so that it need not restart for it.
  if has_command dockerd && ! file_is ./daemon.json "$DAEMON" 644 root:root; then
    owe docker-owed "restart docker"
  fi
  install_file "$DAEMON" 644 <./daemon.json
}

# keep_foreign: what somebody else wrote there is kept beside it, but for what containers and volumes would vanish with.
keep_foreign() {
  foreign || return 0
  for key in data-root graph storage-driver userns-remap containerd-snapshotter; do
    value=$(foreign_value "$key")
    case $key=${value%/} in
      *= | *=/var/lib/docker | storage-driver=overlay2 | storage-driver=fuse-overlayfs | containerd-snapshotter=false) continue ;;
    esac
    fail "docker: $DAEMON, which is not this role's, has \"$key\": \"$value\", and the role writes it whole, without that:" \
      "containers, images or volumes would be out of sight. Nothing was changed." \
      "Expected: they lie in /var/lib/docker itself, with overlay2, and not in containerd's store. $(way_out "$key"), and apply again"
  done
  kept=$DAEMON.replaced
  number=1
  # Another file may have been replaced before.
  while [ -e "$kept" ] && ! cmp -s "$DAEMON" "$kept"; do
    number=$((number + 1))
    kept=$DAEMON.replaced.$number
  done
  note "$DAEMON was not this role's; what it said is kept in $kept"
  [ ! -e "$kept" ] || return 0
  cat "$DAEMON" >./content
  change "$kept" put_file "$kept" 600 root:root
}

# foreign_value KEY: as JSON has it, which may be on the next line.
foreign_value() {
  tr '\n' ' ' <"$DAEMON" | sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\{0,1\}\([^\",}[:space:]]*\).*/\1/p"
}

# way_out KEY: files can be moved to another folder, but not into another kind of store.
way_out() {
  case $1 in
    data-root | graph)
      echo "Stop docker and docker.socket, move what is to stay there (another disk can be a mount at /var/lib/docker), take $1 out of the file"
      ;;
    *)
      echo "Save what is to stay (docker save for images, docker commit for containers, the files of volumes), take $1 out of the file," \
        "restart docker, put it back (docker load)"
      ;;
  esac
}

# Whether there is a file that somebody else has had a hand in.
foreign() { [ -f "$DAEMON" ] && foreign_lines | grep -q .; }

# Lines of the file as it is that this role has not written, whatever its settings were.
foreign_lines() {
  grep -vxE -e '[{}]|  "log-driver": "json-file",|  "log-opts": \{ "max-size": "[^"]*", "max-file": "[^"]*" \},?|  "storage-driver": "[^"]*"' "$DAEMON"
}
