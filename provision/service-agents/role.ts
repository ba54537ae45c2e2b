import { z } from "zod";
import { ipv4, port, timeZone } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole, secret } from "../role";

/** A name and a tag that says a version, or a digest. */
const image = () =>
  text(
    "an image with a version that is not latest, or with a digest, such as ghcr.io/owner/name:1.2",
    /^(?!.*:latest$)[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64}|:[\w.-]+@sha256:[0-9a-f]{64})$/,
  );

/** Parts of Docker's API, as docker-socket-proxy names them; `POST` is every change. */
const SECTIONS = [
  ...[
    "ALLOW_RESTARTS",
    "ALLOW_START",
    "ALLOW_STOP",
    "AUTH",
    "BUILD",
    "COMMIT",
    "CONFIGS",
    "CONTAINERS",
    "DISTRIBUTION",
  ],
  ...["EXEC", "GRPC", "IMAGES", "INFO", "NETWORKS", "NODES", "PLUGINS", "POST", "SECRETS", "SERVICES", "SESSION"],
  ...["SWARM", "SYSTEM", "TASKS", "VOLUMES"],
] as const;

const traefikKop = z
  .strictObject({
    enabled: z.boolean().optional().describe("Whether it runs. Default: true."),
    redis_address: text(
      "a host and a port such as redis.lab:6379",
      /^[A-Za-z0-9.-]+:[0-9]{1,5}$/,
      (value) => `${value}:6379`,
    )
      .optional()
      .describe("Host and port of the Redis that Traefik reads its routes from. Without it traefik-kop is left out."),
    redis_user: text("a user's name", /^[\w.@-]+$/)
      .optional()
      .describe("Its user in Redis. Default: default."),
    redis_password: secret().optional().describe("That user's password. Default: no password."),
    redis_db: z.int().min(0).max(65535).optional().describe("Number of the database in Redis. Default: 0."),
    bind_ip: ipv4()
      .optional()
      .describe("Address under which Traefik reaches this host's containers. Default: that of its default route."),
    hostname: text("a name of letters, digits, . and -", /^[A-Za-z0-9][A-Za-z0-9.-]*$/)
      .optional()
      .describe("This host's name in Redis; each host needs its own. Default: the guest's name."),
    namespaces: z
      .array(text("a namespace of letters, digits, _, . and -", /^[\w.-]+$/))
      .optional()
      .describe("Publish only containers with a kop.namespace label of these. Default: all."),
    poll_interval: z
      .int()
      .min(0)
      .max(86400)
      .optional()
      .describe("Seconds between looks at all containers, beside Docker's events; 0 for none. Default: 60."),
    image: image()
      .optional()
      .describe(
        "Image it is made from, with a version or a digest. Default: the version this project was checked with, by digest.",
      ),
  })
  .meta({ id: "traefik_kop" });

const socketProxy = z
  .strictObject({
    sections: z
      .array(z.enum(SECTIONS))
      .optional()
      .describe("Parts of Docker's API that are opened beside those that the agents need. Default: none."),
    log_level: z
      .enum(["debug", "info", "notice", "warning", "err", "crit", "alert", "emerg"])
      .optional()
      .describe("What the proxy logs. Default: warning; info writes a line for each request."),
    image: image()
      .optional()
      .describe(
        "Image it is made from, with a version or a digest. Default: the version this project was checked with, by digest.",
      ),
  })
  .meta({ id: "socket_proxy" });

const dockwatch = z
  .strictObject({
    enabled: z.boolean().optional().describe("Whether it runs. Default: true."),
    control: z
      .boolean()
      .optional()
      .describe(
        "Let Dockwatch start, stop, update and remove containers. Whoever reaches it then is root of the guest. Default: false.",
      ),
    listen: ipv4().optional().describe("Address its page is published at. Default: 0.0.0.0, every one."),
    port: port().optional().describe("Port its page is published at. Default: 9999."),
    timezone: timeZone().optional().describe("Time zone that the page shows. Default: Etc/UTC."),
    image: image()
      .optional()
      .describe(
        "Image it is made from, with a version or a digest. Default: the version this project was checked with.",
      ),
  })
  .meta({ id: "dockwatch" });

export default defineRole({
  summary: "The agents that report a Docker host to its neighbours: traefik-kop and Dockwatch behind a socket proxy.",
  group: "service_agents",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu"],
  after: ["base", "docker"],
  variables: z.object({
    traefik_kop: traefikKop.optional().describe("Publishes the routes of this host's containers to Traefik, by Redis."),
    socket_proxy: socketProxy
      .optional()
      .describe("Stands between the agents and Docker's socket; read-only by default."),
    dockwatch: dockwatch.optional().describe("A page that shows this host's containers and their updates."),
  }),
});
