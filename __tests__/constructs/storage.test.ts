import { Storage, type StorageTarget, zfsDatasetStep } from "../../constructs/storage";
import { NODE, TestStack } from "../support/synth";

const COMMON = { content: ["backup"], nodes: ["pve1"], disable: false };

function made(target: StorageTarget, enabled?: boolean) {
  const stack = new TestStack();
  new Storage(stack, "storage", {
    ...{ name: "tank", content: ["backup"], nodes: ["pve1"], target },
    ...(enabled === undefined ? {} : { enabled }),
  });
  return stack.synth().resource;
}

describe("a storage", () => {
  it.each<[StorageTarget, string, object]>([
    [{ type: "dir", path: "/srv" }, "proxmox_storage_directory", { path: "/srv", shared: false }],
    [{ type: "nfs", server: "nas", export: "/x" }, "proxmox_storage_nfs", { server: "nas", export: "/x" }],
    [
      { type: "cifs", server: "nas", share: "x", username: "u", password: "${var.p}", domain: "D" },
      "proxmox_storage_cifs",
      { server: "nas", share: "x", username: "u", password: "${var.p}", domain: "D" },
    ],
    [{ type: "zfspool", pool: "rpool/x" }, "proxmox_storage_zfspool", { zfs_pool: "rpool/x", thin_provision: true }],
    [
      { type: "pbs", server: "plato", datastore: "main", username: "u@pbs", password: "${var.p}", namespace: "lab" },
      "proxmox_storage_pbs",
      { server: "plato", datastore: "main", username: "u@pbs", password: "${var.p}", namespace: "lab" },
    ],
  ])("%j", (target, type, expected) => {
    const { "//": _, ...block } = made(target)[type]?.tank ?? {};
    expect(block).toEqual({ id: "tank", ...COMMON, ...expected });
  });

  it("that is off is known all the same", () => {
    expect(made({ type: "dir", path: "/srv" }, false).proxmox_storage_directory?.tank?.disable).toBe(true);
  });

  it("comes after the dataset that it is made of", () => {
    const stack = new TestStack();
    const dataset = zfsDatasetStep(stack, "pve1-data", {
      ...{ providers: stack.providers, node: NODE, name: "rpool/x", properties: ["compression=zstd"] },
    });
    new Storage(stack, "storage", {
      ...{ name: "tank", content: ["rootdir"], nodes: ["pve1"], target: { type: "zfspool", pool: "rpool/x" } },
      after: [dataset.resource],
    });
    expect(stack.synth().resource.proxmox_storage_zfspool?.tank?.depends_on).toEqual(["null_resource.pve1-data"]);
    expect(dataset.run.settings).toContain("node_zfs_datasets_0_properties_0='compression=zstd'");
  });
});
