import { z } from "zod";
import { formatProblem } from "../../../model/problem";
import { container } from "../../../model/schema/guest";
import { backend, templates } from "../../../model/schema/lab";
import { nearest } from "../../../model/schema/nearest";
import { node } from "../../../model/schema/node";
import { parse } from "../../../model/schema/parse";
import type { Plain, Tree } from "../../../model/tree";
import { lxc, told } from "../../support/schema-problems";

describe("keys", () => {
  it("an unknown key is reported at the key, with the nearest known one", () => {
    expect(lxc({ memroy: 512 })).toEqual([
      'x.yml:2:1 proxmox_lxc.memroy: unknown key "memroy"; did you mean "memory"?',
    ]);
  });

  it("every unknown key is reported, also deep inside lists", () => {
    expect(lxc({ networks: [{ ipp: "dhcp", brigde: "vmbr0" }] })).toEqual([
      expect.stringContaining('proxmox_lxc.networks.0.ipp: unknown key "ipp"; did you mean "ip"?'),
      expect.stringContaining('proxmox_lxc.networks.0.brigde: unknown key "brigde"; did you mean "bridge"?'),
    ]);
  });

  it("a key that resembles none gets the list of known ones", () => {
    expect(lxc({ features: { zzz: true } })).toEqual([
      expect.stringContaining("known are: nesting, keyctl, fuse, mknod, mount"),
    ]);
  });

  it("a missing key is reported at its parent", () => {
    expect(told(container, { cores: 2 }, "proxmox_lxc")).toEqual([
      "x.yml:1:9 proxmox_lxc.vmid: vmid is required but missing: expected a whole number; add vmid:",
    ]);
    expect(told(node, { address: "10.0.0.1", storages: { local: { type: "dir" } } }, "proxmox_node")).toEqual([
      expect.stringMatching(/^x\.yml:3:1 proxmox_node\.storages\.local\.content: content is required but missing/),
    ]);
  });

  it("all mistakes of a variable are reported at once", () => {
    expect(lxc({ memory: "8 GB", cores: "two", storage: "a b", tags: ["Ok", "-"], nodee: "x" })).toHaveLength(6);
  });

  it("a wrong name in a mapping of names is reported at the name", () => {
    expect(told(node, { address: "10.0.0.1", storages: { "1x": { type: "dir", content: [] } } })).toEqual([
      expect.stringMatching(/^x\.yml:3:1 .*as a name expected a storage's name .*, got "1x"/),
    ]);
  });
});

describe("values that hang together", () => {
  it("a mount is a directory or a new volume", () => {
    const mount = (value: { [key: string]: Plain }) => lxc({ mounts: [{ path: "/data", ...value }] });
    expect(mount({ source: "/srv" })).toEqual([]);
    expect(mount({ storage: "local-lvm", size: 8 })).toEqual([]);
    expect(mount({})).toEqual([expect.stringContaining("got neither")]);
    expect(mount({ source: "/srv", storage: "local-lvm", size: 8 })).toEqual([expect.stringContaining("got both")]);
    expect(mount({ storage: "local-lvm" })).toEqual([expect.stringContaining("needs a size")]);
    expect(mount({ source: "/srv", backup: true })).toEqual([expect.stringContaining("never backs up")]);
  });

  it("a template to download has a checksum", () => {
    const template = (value: { [key: string]: Plain }) => told(templates, { x: { os_type: "debian", ...value } });
    const url = "https://a.example/x.tar.zst";
    expect(template({ url, checksum: "0".repeat(128) })).toEqual([]);
    expect(template({ volume: "local:vztmpl/x.tar.zst" })).toEqual([]);
    expect(template({ url })).toEqual([expect.stringContaining("needs its checksum")]);
    expect(template({ url, checksum: "0".repeat(64), checksum_algorithm: "sha512" })).toEqual([
      expect.stringContaining("not sha512"),
    ]);
    expect(template({})).toEqual([expect.stringContaining("got neither")]);
  });

  it("a GPU that is not NVIDIA's states its device files", () => {
    const gpu = (value: { [key: string]: Plain }) => told(node, { address: "10.0.0.1", gpus: { g: value } });
    expect(gpu({ vendor: "nvidia" })).toEqual([]);
    expect(gpu({ vendor: "intel", devices: ["/dev/dri/renderD128"] })).toEqual([]);
    expect(gpu({ vendor: "amd" })).toEqual([expect.stringMatching(/must be stated; add devices:/)]);
  });

  it("a backend has its own keys and takes no credentials", () => {
    expect(told(backend, { type: "s3", bucket: "b", region: "r" })).toEqual([]);
    expect(told(backend, { type: "s3", region: "r" })).toEqual([expect.stringContaining("needs bucket")]);
    expect(told(backend, { type: "local", bucket: "b" })).toEqual([
      expect.stringContaining("a local backend has no bucket"),
    ]);
    expect(told(backend, { type: "http", address: "https://x", password: "p" })).toEqual([
      expect.stringContaining('unknown key "password"'),
    ]);
  });

  it("text of ansible-vault is refused, wherever it stands", () => {
    const at = { file: "x.yml", line: 3, column: 5 };
    const tree: Tree = {
      kind: "sequence",
      at,
      items: [{ kind: "scalar", at, value: "$ANSIBLE_VAULT;1.1;AES256", tag: "vault" }],
    };
    expect(parse(z.array(z.string()), tree, "v").problems.map(formatProblem)).toEqual([
      expect.stringMatching(/^x\.yml:3:5 v\.0: takes no secret/),
    ]);
  });
});

describe("schemas of roles, in plain zod", () => {
  const role = z.strictObject({
    port: z.number().int().min(1),
    on: z.boolean().optional(),
    mode: z.enum(["a", "b"]).optional(),
    key: z.union([z.string(), z.strictObject({ secret: z.string() })]).optional(),
  });

  it.each<[{ [key: string]: Plain }, string]>([
    [{ port: "x" }, 'v.port: expected a number, got "x"'],
    [{ port: 0 }, "v.port: expected at least 1, got 0"],
    [{ port: 1, on: "yes" }, 'v.on: expected true or false, got "yes"'],
    [{ port: 1, mode: "c" }, 'v.mode: expected one of a, b, got "c"'],
    [{ port: 1, key: { secrt: "x" } }, 'v.key.secrt: unknown key "secrt"; did you mean "secret"?'],
    [{ port: 1, key: 5 }, "v.key: expected text or a mapping, got 5"],
    [{ on: true }, "v.port: port is required but missing: expected a number"],
  ])("%j", (value, message) => {
    expect(told(role, value).join("\n")).toContain(message);
  });
});

describe("nearest", () => {
  it("proposes what is near, and nothing that is far", () => {
    expect(nearest("vmbr1", ["vmbr0", "local"])).toBe("vmbr0");
    expect(nearest("hostnmae", ["hostname", "memory"])).toBe("hostname");
    expect(nearest("zzz", ["hostname", "memory"])).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
  });
});
