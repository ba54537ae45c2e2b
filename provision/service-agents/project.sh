# The compose project. No setting is ever part of its text: values come from .env, and stay values there.
# shellcheck shell=sh disable=SC2154

# https://github.com/Tecnativa/docker-socket-proxy, https://github.com/jittering/traefik-kop,
# https://github.com/Notifiarr/dockwatch (of which no digest is known).
SOCKET_PROXY_IMAGE=ghcr.io/tecnativa/docker-socket-proxy:v0.4.2@sha256:1f3a6f303320723d199d2316a3e82b2e2685d86c275d5e3deeaf182573b47476
KOP_IMAGE=ghcr.io/jittering/traefik-kop:0.20.1@sha256:f4919330407ae93f6d966cff7d7352198c09ed5e788c959a1bfd9d0eaf7e1091
DOCKWATCH_IMAGE=ghcr.io/notifiarr/dockwatch:v0.6.567

write_project() {
  cat <<'YAML'
# Written by proxmox-lab. Its variables are in .env.
services:
  socket-proxy:
    image: ${SOCKET_PROXY_IMAGE}
    restart: unless-stopped
    environment:
      LOG_LEVEL: ${SOCKET_PROXY_LOG_LEVEL}
YAML
  sections | while read -r section; do printf '      %s: "1"\n' "$section"; done
  cat <<'YAML'
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock:ro
    networks: [socket]
    read_only: true
    tmpfs: [/run, /tmp]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:2375/_ping"]
      interval: 5s
      timeout: 5s
      start_period: 10s
YAML
  [ -z "$KOP" ] || write_kop
  [ -z "$DOCKWATCH" ] || write_dockwatch
  cat <<'YAML'
networks:
  socket:
    internal: true
  outside: {}
YAML
  [ -z "$DOCKWATCH" ] || printf 'volumes:\n  dockwatch: {}\n'
}

# Parts of Docker's API; events, ping and version are open by default.
sections() {
  {
    echo CONTAINERS
    if [ -n "$DOCKWATCH" ]; then printf '%s\n' IMAGES NETWORKS VOLUMES; fi
    if [ -n "$DOCKWATCH" ] && [ "$(setting dockwatch_control)" = true ]; then
      printf '%s\n' ALLOW_RESTARTS ALLOW_START ALLOW_STOP POST
    fi
    each socket_proxy_sections echo
  } | sort -u
}

# A program and nothing else: there is nothing in it that could ask after its health.
write_kop() {
  cat <<'YAML'
  traefik-kop:
    image: ${KOP_IMAGE}
    restart: unless-stopped
    environment:
      DOCKER_ADDR: tcp://socket-proxy:2375
      REDIS_ADDR: ${KOP_REDIS_ADDR}
      REDIS_USER: ${KOP_REDIS_USER}
      REDIS_PASS: ${KOP_REDIS_PASS}
      REDIS_DB: ${KOP_REDIS_DB}
      BIND_IP: ${KOP_BIND_IP}
      KOP_HOSTNAME: ${KOP_HOSTNAME}
      NAMESPACE: ${KOP_NAMESPACE}
      KOP_POLL_INTERVAL: ${KOP_POLL_INTERVAL}
    depends_on:
      socket-proxy:
        condition: service_healthy
    networks: [socket, outside]
    user: "65534:65534"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
YAML
}

# Its image starts as root, gives its files to a user of its own and changes to that; the health check is the image's.
write_dockwatch() {
  cat <<'YAML'
  dockwatch:
    image: ${DOCKWATCH_IMAGE}
    restart: unless-stopped
    environment:
      DOCKER_HOST: tcp://socket-proxy:2375
      TZ: ${DOCKWATCH_TZ}
    ports:
      - ${DOCKWATCH_LISTEN}:${DOCKWATCH_PORT}:80
    volumes:
      - dockwatch:/config
    depends_on:
      socket-proxy:
        condition: service_healthy
    networks: [socket, outside]
    cap_drop: [ALL]
    cap_add: [CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID]
    security_opt: ["no-new-privileges:true"]
YAML
}

write_environment() {
  env_line SOCKET_PROXY_IMAGE "${socket_proxy_image:-$SOCKET_PROXY_IMAGE}"
  env_line SOCKET_PROXY_LOG_LEVEL "${socket_proxy_log_level:-warning}"
  if [ -n "$KOP" ]; then
    env_line KOP_IMAGE "${traefik_kop_image:-$KOP_IMAGE}"
    env_line KOP_REDIS_ADDR "$traefik_kop_redis_address"
    env_line KOP_REDIS_USER "${traefik_kop_redis_user:-default}"
    env_line KOP_REDIS_PASS "${traefik_kop_redis_password:-}"
    env_line KOP_REDIS_DB "${traefik_kop_redis_db:-0}"
    env_line KOP_BIND_IP "$KOP_BIND_IP"
    env_line KOP_HOSTNAME "${traefik_kop_hostname:-$(uname -n)}"
    env_line KOP_NAMESPACE "$(each traefik_kop_namespaces echo | paste -s -d , -)"
    env_line KOP_POLL_INTERVAL "${traefik_kop_poll_interval:-60}"
  fi
  if [ -n "$DOCKWATCH" ]; then
    env_line DOCKWATCH_IMAGE "${dockwatch_image:-$DOCKWATCH_IMAGE}"
    env_line DOCKWATCH_TZ "${dockwatch_timezone:-Etc/UTC}"
    env_line DOCKWATCH_LISTEN "${dockwatch_listen:-0.0.0.0}"
    env_line DOCKWATCH_PORT "${dockwatch_port:-9999}"
  fi
}

# The address that a packet to elsewhere would leave from; none is sent.
own_address() {
  found=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
  [ -n "$found" ] || fail "traefik_kop: this guest has no default route that would tell its address; set traefik_kop.bind_ip" >&2
  printf '%s' "$found"
}
