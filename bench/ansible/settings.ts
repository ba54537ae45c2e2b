/** Of fewer than this many guests nothing is compared. */
export const GUESTS = 10;
export const LAB = "bench";
export const AGENT_IMAGE = "stand-in:1";
/** Secret of the inventory, variable of the playbook. */
export const WIREGUARD_SECRET = "bench_wireguard_key";
/** A key pair that is used nowhere. */
const PEER = "Em7oLE5cc1BLqHOEOuMNT5q6G9a6lP3wV8aKZlY0HVY=";

/** What both sides are told, under the names that both have for it. */
export const SETTINGS = {
  base_timezone: "Europe/Berlin",
  base_locale: "C.UTF-8",
  base_packages: ["curl", "sudo"],
  base_users: [
    {
      name: "ann",
      sudo: true,
      ssh_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv3N1sPGN3mVxkHkRj0XwQb0ib6Yx8P5tFJQ9WUkzXn ann"],
    },
  ],
  base_journal_retention: "31day",
  docker_source: "distribution",
  docker_user: "ann",
  docker_log_max_size: "10m",
  wireguard_address: ["10.99.0.1/24"],
  wireguard_peers: [{ public_key: PEER, allowed_ips: ["10.99.0.2/32"] }],
  socket_proxy: { image: AGENT_IMAGE },
  traefik_kop: { image: AGENT_IMAGE, redis_address: "10.77.0.1:6379" },
  dockwatch: { image: AGENT_IMAGE },
};

/** The setting that is changed, and what it becomes. */
export const CHANGED = { base_journal_retention: "14day" };

/** Every package that the roles ask for: what the package manager is given alone. */
export const PACKAGES = [
  "tzdata",
  "curl",
  "sudo",
  "unattended-upgrades",
  "docker.io",
  "docker-cli",
  "docker-compose",
  "wireguard-tools",
  "iproute2",
  "wireguard-go",
];

export const guestName = (index: number) => `guest-${String(index + 1).padStart(2, "0")}`;
export const vmidOf = (index: number) => 501 + index;
export const addressOf = (index: number) => `10.77.0.${101 + index}`;
