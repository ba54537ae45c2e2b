import { z } from "zod";
import { userName } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole } from "../role";
import { PACKAGE_VERSION } from "../settings";

export default defineRole({
  summary: "Docker Engine with the compose plugin.",
  group: "docker_hosts",
  switch: "install_docker",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu"],
  after: ["base"],
  ahead: true,
  variables: z.object({
    docker_user: userName()
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
    docker_version: text(
      "a package's version such as 5:28.5.1-1~debian.13~trixie",
      new RegExp(`^(?=[0-9A-Za-z])${PACKAGE_VERSION}$`),
    )
      .optional()
      .describe(
        "The engine's exact package version, as `apt-cache madison docker-ce` prints it; it is then held. Default: the newest at installation, kept up to date by the distribution's tools.",
      ),
    docker_log_max_size: text("a size such as 10m, in k, m or g", /^[1-9][0-9]*[kmg]$/, (value) =>
      value.toLowerCase().replace(/i?b$/, ""),
    )
      .optional()
      .describe("Size at which a container's log is rotated; one that is there keeps its own. Default: 10m."),
    docker_log_max_files: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe("Log files that are kept of each container. Default: 3."),
  }),
});
