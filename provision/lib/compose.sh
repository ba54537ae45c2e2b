# Compose projects: what runs is what was staged. Not part of step.sh: a role that needs it says `. ./lib/compose.sh`.
# shellcheck shell=sh disable=SC2154

COMPOSE_SECRETS=

# env_line NAME VALUE: a line of a .env file, which compose reads back byte for byte.
env_line() {
  carriage_return=$(printf '\r')
  printf '%s="' "$1"
  printf '%s\n' "$2" | sed -e 's/[\\"$]/\\&/g' -e "s/$carriage_return/\\\\r/g" -e '$ s/$/"/'
}

# keep_secret SETTING: what compose says is not shown when this value is part of it.
keep_secret() { COMPOSE_SECRETS="$COMPOSE_SECRETS $1"; }

# stage_project: begins a project. Then `stage PATH MODE`, with the content on standard input, for each of its files.
stage_project() {
  rm -rf ./stage
  mkdir ./stage
  : >./staged
}

stage() {
  mkdir -p "./stage/$(dirname "$1")"
  cat >"./stage/$1"
  printf '%s %s\n' "$2" "$1" >>./staged
}

# compose_project NAME FOLDER SECONDS: puts the staged files into the folder, and has the project run and be healthy.
compose_project() {
  project=$1
  project_folder=$2
  project_seconds=$3
  compose_digests >./applied
  cmp -s ./applied "$project_folder/.applied" || compose_accepts
  cut -d ' ' -f 2- ./staged >./managed
  install_folder "$project_folder" 700
  remove_unmanaged
  install_file "$project_folder/.managed" 600 <./managed
  while read -r staged_mode staged_path; do
    install_parents "$staged_path"
    install_file "$project_folder/$staged_path" "$staged_mode" <"./stage/$staged_path"
  done <./staged
  compose_converge
}

# Compose takes variables from the environment before it looks into .env: ours has two.
compose_in() {
  compose_folder=$1
  shift
  env -i PATH="$PATH" HOME="$HOME" docker compose --ansi never --project-name "$project" \
    --project-directory "$compose_folder" --file "$compose_folder/compose.yaml" --env-file "$compose_folder/.env" "$@"
}

# compose_alone COMMAND…: of a run that was killed, compose may still be at work, and two get in each other's way.
compose_alone() {
  (flock --wait 600 9 && "$@") 9>/run/proxmox-lab-compose.lock
}

# Before anything is touched; what ran already was accepted before.
compose_accepts() {
  if ! has_command docker || ! docker compose version >/dev/null 2>&1; then
    [ -z "$STEP_CHECK" ] || return 0
    fail "$project: Docker's compose plugin is not here; put this host into the group docker_hosts"
  fi
  compose_in ./stage config --quiet >./said 2>&1 || fail "$project: docker compose refuses the project, nothing was changed: $(said)"
}

# said: what compose said, unless a secret is part of it.
said() {
  said_text=$(cat ./said)
  for said_secret in $COMPOSE_SECRETS; do
    said_value=$(setting "$said_secret")
    [ -n "$said_value" ] || continue
    case $said_text in
      *"$said_value"*)
        echo "(not shown, for it holds a secret; look in the guest: docker compose -p $project ps --all)"
        return 0
        ;;
    esac
  done
  printf '%s\n' "$said_text"
}

remove_unmanaged() {
  [ -f "$project_folder/.managed" ] || return 0
  while IFS= read -r managed_path; do
    grep -qxF -e "$managed_path" ./managed || remove_file "$project_folder/$managed_path"
  done <"$project_folder/.managed"
}

# Folders that a container mounts have to be readable for its user; the project's own keeps other users of the guest out.
install_parents() {
  parent=$project_folder
  rest=$1
  while [ "$rest" != "${rest#*/}" ]; do
    parent=$parent/${rest%%/*}
    rest=${rest#*/}
    install_folder "$parent" 755
  done
}

# What runs was started with these files, when this is what .applied says.
compose_digests() {
  sha256sum ./stage/compose.yaml ./stage/.env | sha256sum
  while read -r staged_mode staged_path; do
    case $staged_path in compose.yaml | .env) ;; *) printf '%s %s\n' "$staged_path" "$(sha256sum <"./stage/$staged_path")" ;; esac
  done <./staged | sha256sum
}

compose_converge() {
  compose_state >./state
  if cmp -s ./applied "$project_folder/.applied" && compose_as_wanted; then
    ok "$project: $(tr '\n' ',' <./state)"
  else
    change "$project up" compose_up
    [ -n "$STEP_CHECK" ] || note "$project: $(compose_state | paste -s -d , - | sed 's/,/, /g')"
  fi
}

# One line `service state (health)` a container.
compose_state() {
  docker ps --all --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.oneoff=False \
    --format '{{.Label "com.docker.compose.service"}} {{.State}} {{.Status}}' 2>/dev/null |
    sed -e 's/^\([^ ]* [^ ]*\) .*\((.*health.*)\)$/\1 \2/' -e t -e 's/^\([^ ]* [^ ]*\) .*/\1/' | sort
}

# Each service has a container, and no container is anything but running and, where it can tell, healthy.
compose_as_wanted() {
  cut -d ' ' -f 1 ./state | sort -u >./services
  compose_in "$project_folder" config --services 2>/dev/null | sort | cmp -s - ./services || return 1
  ! grep -qvE '^[^ ]+ running( \(healthy\))?$' ./state
}

# A changed file is seen only by a container that starts anew. What an unfinished run left running is nothing to rely on.
compose_up() {
  retry "the images of $project" compose_pull
  unfinished=
  [ -f "$project_folder/.applied" ] || [ ! -s ./state ] || unfinished=1
  set -- --detach --remove-orphans --wait --wait-timeout "$project_seconds"
  [ ! -s ./state ] || [ "$(sed -n 2p "$project_folder/.applied" 2>/dev/null)" = "$(sed -n 2p ./applied)" ] ||
    set -- "$@" --force-recreate
  rm -f "$project_folder/.applied"
  # Half-made containers can be in the way; what they hold besides volumes is nobody's.
  compose_alone compose_in "$project_folder" up "$@" >./said 2>&1 || { [ -n "$unfinished" ] && compose_afresh "$@"; } ||
    fail "$project did not come up: $(said)" "now: $(compose_state | paste -s -d , -);" \
      "look in the guest: docker compose -p $project logs"
  cp ./applied ./content
  put_file "$project_folder/.applied" 600 root:root
}

compose_afresh() {
  compose_alone compose_in "$project_folder" down --remove-orphans >./said 2>&1 &&
    compose_alone compose_in "$project_folder" up "$@" >./said 2>&1
}

compose_pull() {
  compose_in "$project_folder" pull --quiet --ignore-buildable --policy missing >./said 2>&1 || {
    said
    return 1
  }
}

# compose_gone NAME FOLDER: stops the project and takes away what compose_project put there. Volumes and other files stay.
compose_gone() {
  project=$1
  project_folder=$2
  [ -f "$project_folder/.managed" ] || return 0
  change "$project removed" compose_take_down
  [ -n "$STEP_CHECK" ] || compose_remains
}

# The list goes last: a run that was killed finds it again.
compose_take_down() {
  if has_command docker; then
    compose_alone docker compose --ansi never --project-name "$project" down --remove-orphans --rmi all >./said 2>&1 ||
      fail "$project could not be stopped: $(said)"
  fi
  while IFS= read -r managed_path; do
    rm -f "$project_folder/$managed_path"
  done <"$project_folder/.managed"
  rm -f "$project_folder/.applied" "$project_folder/.managed"
  find "$project_folder" -depth -type d -exec rmdir {} \; 2>/dev/null || true
}

compose_remains() {
  [ ! -d "$project_folder" ] || note "$project: its own data stays in $project_folder"
  has_command docker || return 0
  volumes=$(docker volume ls --quiet --filter "label=com.docker.compose.project=$project" | paste -s -d ' ' -)
  [ -z "$volumes" ] || note "$project: these volumes stay: $volumes; docker volume rm takes them away"
}
