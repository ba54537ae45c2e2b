import { z } from "zod";
import { defineRole } from "../role";

export default defineRole({
  summary: "Docker Engine with the compose plugin.",
  group: "docker_hosts",
  switch: "install_docker",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu"],
  after: ["base"],
  variables: z.object({
    docker_user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,30}$/)
      .optional()
      .describe(
        "User who may use Docker, and is made if there is none. Who may use Docker can become root of the guest. Default: nobody.",
      ),
    docker_source: z
      .enum(["docker", "distribution"])
      .optional()
      .describe(
        "Packages from Docker's own apt repository, or from the distribution (Debian 12 has no compose plugin). Default: docker.",
      ),
    docker_version: z
      .string()
      .regex(/^[0-9A-Za-z.:+~-]+$/)
      .optional()
      .describe(
        "The engine's exact package version, as `apt-cache madison docker-ce` prints it; it is then held. Default: the newest at installation, kept up to date by the distribution's tools.",
      ),
    docker_log_max_size: z
      .string()
      .regex(/^[1-9][0-9]*[kmg]$/)
      .optional()
      .describe("Size at which a container's log is rotated. Default: 10m."),
    docker_log_max_files: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe("Log files that are kept of each container. Default: 3."),
  }),
});
