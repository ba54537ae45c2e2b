# traefik-kop and Dockwatch, which reach Docker through docker-socket-proxy only. Settings: role.ts.
# shellcheck shell=sh disable=SC1091,SC2154
set -eu
. ./lib/step.sh
. ./lib/compose.sh
. ./project.sh

FOLDER=/opt/service-agents
# The first start of Dockwatch makes its database; its own health check allows three minutes for it.
SECONDS_TO_START=300

is_on() { [ "$(setting "$1")" != false ]; }

is_debian_like || fail "service-agents: this role knows Debian and Ubuntu, this is $(os_release PRETTY_NAME)"
KOP=
DOCKWATCH=
if is_on traefik_kop_enabled; then
  if [ -n "$(setting traefik_kop_redis_address)" ]; then
    KOP=1
    KOP_BIND_IP=$(setting traefik_kop_bind_ip)
    [ -n "$KOP_BIND_IP" ] || KOP_BIND_IP=$(own_address)
  else
    skip "traefik-kop" "traefik_kop.redis_address says no Redis to publish routes to"
  fi
fi
if is_on dockwatch_enabled; then DOCKWATCH=1; fi

if [ -z "$KOP$DOCKWATCH" ]; then
  compose_gone service-agents "$FOLDER"
else
  stage_project
  [ -z "${traefik_kop_redis_password:-}" ] || hide variable KOP_REDIS_PASS
  write_project | stage compose.yaml 600
  write_environment >./environment
  stage .env 600 <./environment
  compose_project service-agents "$FOLDER" "$SECONDS_TO_START"
fi
