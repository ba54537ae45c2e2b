# How a compose project is, and how it comes up: the other half of compose.sh.
# shellcheck shell=sh disable=SC2154

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

compose_up() {
  retry "the images of $project" compose_pull
  unfinished=
  [ -f "$project_folder/.applied" ] || [ ! -s ./state ] || unfinished=1
  was_there=$(cat ./state)
  set -- --detach --remove-orphans --wait --wait-timeout "$project_seconds"
  [ ! -s ./state ] || compose_seen || set -- "$@" --force-recreate
  # An image that is there is as it was built, whatever the Dockerfile says by now.
  [ -z "$project_changed" ] || set -- "$@" --build
  rm -f "$project_folder/.applied"
  compose_switch_off
  compose_alone compose_in "$project_folder" up "$@" >./said 2>&1 || { [ -n "$unfinished" ] && compose_afresh "$@"; } ||
    compose_failed "did not come up: $(said)"
  compose_settle
  [ -z "$was_there" ] || [ -z "$project_changed" ] || compose_networks
  cat ./applied ./services >./content
  put_file "$project_folder/.applied" 600 root:root
}

# compose_seen: what runs has seen the files as they are. It sees a changed one only when it starts anew, which compose does for
# none, nor for a secret or config of the project that changed: those are copied, or mounted, as a container is made.
compose_seen() {
  [ "$(sed -n 2p "$project_folder/.applied" 2>/dev/null)" = "$(sed -n 2p ./applied)" ] || return 1
  [ "$(sed -n 1p "$project_folder/.applied")" != "$(sed -n 1p ./applied)" ] || return 0
  compose_in "$project_folder" config >./config 2>/dev/null && ! grep -qE '^(configs|secrets):' ./config
}

# Compose leaves alone what runs of a service whose profile was switched off.
compose_switch_off() {
  compose_in "$project_folder" config --services >./enabled 2>./said || compose_failed "cannot be read: $(said)"
  [ -s ./enabled ] || return 0
  switched_off=$(awk 'FILENAME == "./enabled" { on[$1] = 1; next } !($1 in on) { print $3 }' ./enabled ./containers)
  [ -z "$switched_off" ] || compose_alone compose_remove "$switched_off" >./said 2>&1 ||
    compose_failed "has services that are no longer wanted, and cannot be removed: $(said)"
}

# compose_remove IDS: a run that was killed may have removed some since they were looked up.
compose_remove() {
  # shellcheck disable=SC2086
  docker stop $1 || :
  # shellcheck disable=SC2086
  docker rm --force $1
}

# Compose before 2.31 leaves a network as it was made. One that is to be closed and is open is worth a failure.
compose_networks() {
  compose_in "$project_folder" config >./config 2>/dev/null || return 0
  docker network ls --filter "label=com.docker.compose.project=$project" \
    --format '{{.Label "com.docker.compose.network"}} {{.Internal}}' >./networks 2>/dev/null || return 0
  awk '
    FILENAME == "./networks" { found[$1] = $2; next }
    /^[^ ]/ { within = $1 == "networks:" }
    within && /^  [^ ]/ { key = $1; gsub(/[":]/, "", key); wanted[key] = "false" }
    within && /^    internal: true$/ { wanted[key] = "true" }
    END { for (key in wanted) if (key in found && found[key] != wanted[key]) print key " with internal: " found[key] " instead of " wanted[key] }
  ' ./networks ./config >./astray
  [ ! -s ./astray ] || fail "$project runs, and has the network $(listed ./astray). Compose before 2.31 leaves a network as it was made." \
    "In the guest: docker compose -p $project down (volumes without a name stay behind), then apply again"
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

# A run that was killed as it replaced a container leaves both, and the newer one's name is in the way, though compose may be
# removing it by now. From the older one the next one takes over the volumes without a name: it is never removed here, nor is
# the project taken down.
compose_afresh() {
  grep -qF 'is already in use by container' ./said || return 1
  half_made=$(
    docker ps --all --no-trunc --filter "label=com.docker.compose.project=$project" \
      --format '{{.Label "com.docker.compose.service"}}/{{.Label "com.docker.compose.container-number"}} {{.State}} {{.ID}}' |
      awk 'newer[$1] { print newer[$1] } { newer[$1] = $2 == "created" ? $3 : "" }'
  )
  # shellcheck disable=SC2086
  { [ -z "$half_made" ] || docker rm $half_made >./said 2>&1; } && compose_alone compose_in "$project_folder" up "$@" >./said 2>&1
}

# Compose asks the registry for every image that is named by its digest, whether it is there or not.
compose_pull() {
  if compose_in "$project_folder" config --images >./images 2>/dev/null && xargs -r docker image inspect <./images >/dev/null 2>&1; then
    return 0
  fi
  compose_in "$project_folder" pull --quiet --ignore-buildable --policy missing >./said 2>&1 || {
    said
    return 1
  }
}
