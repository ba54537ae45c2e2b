# Compose projects: what runs is what was staged. Not part of step.sh: a role that needs it says `. ./lib/compose.sh`.
# shellcheck shell=sh disable=SC1091,SC2034,SC2154
. ./lib/compose-up.sh

# Words of Docker's in which no value of a variable can be, whatever stands around them.
COMPOSE_REASONS='pull access denied|manifest unknown|no such image|no such host|server misbehaving|i/o timeout|deadline exceeded'
COMPOSE_REASONS="$COMPOSE_REASONS|connection refused|no route to host|network is unreachable|toomanyrequests|unauthorized"
COMPOSE_REASONS="$COMPOSE_REASONS|no space left on device|permission denied|port is already allocated|address already in use"
COMPOSE_REASONS="$COMPOSE_REASONS|cannot assign requested address|is already in use by container|path does not exist"
COMPOSE_REASONS="$COMPOSE_REASONS|no such file or directory|executable file not found|is unhealthy|not healthy after [0-9hms]+|exited \\([0-9]+\\)"

# env_line NAME VALUE: a line of a .env file, which compose reads back byte for byte.
env_line() {
  carriage_return=$(printf '\r')
  printf '%s="' "$1"
  printf '%s\n' "$2" | sed -e 's/[\\"$]/\\&/g' -e "s/$carriage_return/\\\\r/g" -e '$ s/$/"/'
}

# stage_project: begins a project. Then `stage PATH MODE`, with the content on standard input, for each of its files, and
# `hide variable NAME` or `hide file PATH` for what is a secret.
stage_project() {
  rm -rf ./stage
  mkdir ./stage
  : >./staged
  : >./hidden
}

stage() {
  mkdir -p "./stage/$(dirname "$1")"
  cat >"./stage/$1"
  printf '%s %s\n' "$2" "$1" >>./staged
}

hide() { printf '%s %s\n' "$1" "$2" >>./hidden; }

# compose_project NAME FOLDER SECONDS: puts the staged files into the folder, and has the project run and be healthy.
compose_project() {
  project=$1
  project_folder=$2
  project_seconds=$3
  compose_digests >./applied
  project_changed=
  head -n 2 "$project_folder/.applied" 2>/dev/null | cmp -s ./applied - || project_changed=1
  [ -z "$project_changed" ] || compose_accepts
  cut -d ' ' -f 2- ./staged >./managed
  install_folder "$project_folder" 700
  remove_unmanaged
  install_file "$project_folder/.managed" 600 <./managed
  while read -r staged_mode staged_path; do
    install_parents "$staged_path"
    [ ! -d "$project_folder/$staged_path" ] || change "$project_folder/$staged_path no longer a folder" make_way "$staged_path"
    install_staged "$staged_mode" "$staged_path"
  done <./staged
  compose_converge
}

# install_staged MODE PATH: a container goes on seeing a file as it was, also one that is only put back, or gets another mode.
install_staged() {
  if file_is "./stage/$2" "$project_folder/$2" "$1" root:root; then
    ok "$project_folder/$2"
    return 0
  fi
  case $2 in compose.yaml | .env) ;; *) compose_stale ;; esac
  install_file "$project_folder/$2" "$1" <"./stage/$2"
}

# Said before the file is there, so that a run that was killed in between has said it.
compose_stale() {
  project_changed=1
  [ -n "$STEP_CHECK" ] || rm -f "$project_folder/.applied"
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
  (
    flock --wait 600 9 || { echo "another docker compose has been at work for 10 minutes" && exit 1; }
    "$@"
  ) 9>/run/proxmox-lab-compose.lock
}

# Before anything is touched; what ran already was accepted before.
compose_accepts() {
  if ! has_command docker || ! docker compose version >/dev/null 2>&1; then
    [ -z "$STEP_CHECK" ] || return 0
    fail "$project: Docker's compose plugin is not here; put this host into the group docker_hosts"
  fi
  compose_in ./stage config --quiet >./said 2>&1 ||
    fail "$project: docker compose refuses the project, nothing was changed: $(compose_refusal)"
}

# compose_refusal: what compose said. Where a part of a secret may be in it, what it says of the project with other values: 1,
# which fits most places, for secret variables, and nothing in secret files.
compose_refusal() {
  [ -s ./hidden ] || { cat ./said && return 0; }
  cp -R ./stage ./plain
  sed -n 's/^variable \(.*\)/\1=1/p' ./hidden >>./plain/.env
  sed -n 's/^file //p' ./hidden | while IFS= read -r hidden_path; do : >"./plain/$hidden_path"; done
  if compose_in ./plain config --quiet >./said 2>&1; then
    echo "it accepts it with other values for $(listed ./hidden): one of them does not fit its place, such as a port that is none." \
      "What it says of the value is not shown, for that is a secret"
  else
    sed 's#/plain/#/stage/#g' ./said
  fi
  rm -rf ./plain
}

# said: what compose said. A part of a secret can be anywhere in that, so where the project has some, only known words are shown.
said() {
  [ -s ./hidden ] || { cat ./said && return 0; }
  said_reasons=$(grep -oE "$COMPOSE_REASONS" ./said | sort -u | paste -s -d , -)
  echo "${said_reasons:+$said_reasons }(what else compose says is not shown, for it may hold a part of a secret)"
}

remove_unmanaged() {
  [ -f "$project_folder/.managed" ] || return 0
  while IFS= read -r managed_path; do
    grep -qxF -e "$managed_path" ./managed || remove_file "$project_folder/$managed_path"
  done <"$project_folder/.managed"
}

# Where a file was not there yet, Docker makes a folder of what it shall mount; and files of a folder may have gone.
make_way() {
  find "$project_folder/$1" -depth -type d -exec rmdir {} \; 2>/dev/null || :
  [ ! -d "$project_folder/$1" ] ||
    fail "$project: $project_folder/$1 is a folder in which something lies, and is to be a file; move it elsewhere in the guest"
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

# What runs was started with these files, when .applied begins with this; behind it are the services that came up.
compose_digests() {
  sha256sum ./stage/compose.yaml ./stage/.env | sha256sum
  while read -r staged_mode staged_path; do
    case $staged_path in compose.yaml | .env) ;; *) printf '%s %s\n' "$staged_path" "$(sha256sum <"./stage/$staged_path")" ;; esac
  done <./staged | sha256sum
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
      fail "$project could not be stopped: $(cat ./said)"
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
