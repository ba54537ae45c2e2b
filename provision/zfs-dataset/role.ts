import { z } from "zod";
import { zfsDataset, zfsProperty } from "../../model/schema/zfs";
import { defineRole } from "../role";

const dataset = z
  .strictObject({
    name: zfsDataset().describe("Pool and path: rpool/data."),
    properties: z
      .array(zfsProperty())
      .optional()
      .describe("As zfs set takes them: compression=zstd, mountpoint=/data. Default: inherited."),
  })
  .meta({ id: "zfs_dataset", description: "A ZFS file system of the node." });

export default defineRole({
  summary: "ZFS file systems of a node: created where they are missing, with their properties; never destroyed.",
  group: "proxmox_nodes",
  targets: ["node"],
  when: "set",
  variables: z.object({
    node_zfs_datasets: z
      .array(dataset)
      .describe("ZFS file systems in the order in which they are made. One that is taken off the list stays."),
  }),
});
