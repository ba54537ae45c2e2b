import { z } from "zod";
import { defineRole } from "../role";
import { nvidiaRunfile } from "../settings";

export default defineRole({
  summary: "NVIDIA's driver on a node, kernel module and all, for cards that its containers share.",
  group: "proxmox_nodes",
  targets: ["node"],
  when: "set",
  after: ["node-base"],
  variables: z.object({
    node_nvidia_driver: nvidiaRunfile().describe(
      "NVIDIA's installer for the node; its containers take the same version in nvidia_cfg.runfile.",
    ),
  }),
});
