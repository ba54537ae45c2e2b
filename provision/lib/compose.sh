# Compose projects: what runs is what was staged. Not part of step.sh: a role that needs it says `. ./lib/compose.sh`.
# shellcheck shell=sh disable=SC2154

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

compose_converge() {
  compose_look
  if [ -z "$project_changed" ] && compose_as_wanted; then
    ok "$project: $(listed ./state)"
  else
    [ ! -s ./amiss ] || note "$project: $(listed ./amiss)$(compose_hint)"
    change "$project up" compose_up
    [ -n "$STEP_CHECK" ] || note "$project: $(listed ./state)"
  fi
}

listed() { paste -s -d , "$1" | sed 's/,/, /g'; }

# Each service that came up has its containers, which is none for one of scale 0, and none of them is amiss.
compose_as_wanted() { [ ! -s ./amiss ] && cat ./applied ./services | cmp -s - "$project_folder/.applied"; }

# compose_look: one line `service state (detail)` a container in ./state, those of them that are not as wanted in ./amiss, and
# in ./services whose containers there are. A job, on whose success another service waits, may be gone when it is done.
compose_look() {
  docker ps --all --no-trunc --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.oneoff=False \
    --format '{{.Label "com.docker.compose.service"}} {{.State}} {{.ID}} :{{.Label "com.docker.compose.depends_on"}} {{.Status}}' 2>/dev/null |
    sort >./containers
  : >./state
  : >./amiss
  : >./services
  compose_restarted >./restarted
  awk '
    BEGIN { while ((getline id <"./restarted") > 0) restarted[id] = 1 }
    {
      count = split(substr($4, 2), needed, ",")
      for (i = 1; i <= count; i++)
        if (split(needed[i], part, ":") > 1 && part[2] == "service_completed_successfully") jobs[part[1]] = 1
      detail = ""
      if ($3 in restarted) $2 = "restarting"
      else if (match($0, /\((healthy|unhealthy|health: starting)\)/) || ($2 != "running" && match($0, /\([0-9]+\)/)))
        detail = " " substr($0, RSTART, RLENGTH)
      services[NR] = $1
      states[NR] = $2 detail
    }
    END {
      for (i = 1; i <= NR; i++) {
        print services[i], states[i] >"./state"
        wanted = states[i] ~ /^running( \(healthy\))?$/
        if (!(services[i] in jobs)) print services[i] >"./services"
        else if (states[i] == "exited (0)") wanted = 1
        if (!wanted) print services[i], states[i] >"./amiss"
      }
    }' ./containers
}

# compose_restarted: containers that ended and run again for less than ten seconds, which is how long Docker itself waits until
# it takes one for sound. In between it shows them as running.
compose_restarted() {
  restarted_young=$(awk '$2 == "running" && / Up (Less than a|[0-9]) second/ { print $3 }' ./containers)
  # shellcheck disable=SC2086
  [ -z "$restarted_young" ] || docker inspect --format '{{if .RestartCount}}{{.Id}}{{end}}' $restarted_young 2>/dev/null || :
}

compose_hint() {
  ! grep -qF ' exited (0)' ./amiss ||
    printf '; %s' "a service that ends by itself is done where another depends_on it with condition: service_completed_successfully"
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
    compose_failed "did not come up: $(said)"
  compose_settle
  cat ./applied ./services >./content
  put_file "$project_folder/.applied" 600 root:root
}

# To compose a container runs that ends and is started again. In the good case this is one look.
compose_settle() {
  compose_look
  [ -s ./amiss ] || return 0
  settle_until=$(($(date +%s) + project_seconds + 10))
  while [ -s ./amiss ]; do
    if grep -qvE ' (restarting|running \(health: starting\))' ./amiss || [ "$(date +%s)" -ge "$settle_until" ]; then
      compose_failed "did not stay up;"
    fi
    sleep 1
    compose_look
  done
}

compose_failed() {
  compose_look
  fail "$project $1 now: $(listed ./state)$(compose_hint); look in the guest: docker compose -p $project logs"
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
