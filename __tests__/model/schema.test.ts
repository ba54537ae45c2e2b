import fc from "fast-check";
import { z } from "zod";
import { formatProblem } from "../../model/problem";
import * as formats from "../../model/schema/formats";
import { container } from "../../model/schema/guest";
import { backend, templates } from "../../model/schema/lab";
import { nearest } from "../../model/schema/nearest";
import { node } from "../../model/schema/node";
import { parse } from "../../model/schema/parse";
import { sizeIn } from "../../model/schema/units";
import type { Plain, Tree } from "../../model/tree";

/** A tree whose lines count up from 1 in the order of writing, keys in column 1 and values in column 9. */
function treeOf(value: Plain): Tree {
  let line = 0;
  const build = (part: Plain): Tree => {
    const at = { file: "x.yml", line: Math.max(line, 1), column: 9 };
    if (Array.isArray(part)) return { kind: "sequence", at, items: part.map(build) };
    if (typeof part !== "object" || part === null) return { kind: "scalar", at, value: part as string };
    const entries = Object.entries(part).map(([key, inner]) => {
      line++;
      return [key, { keyAt: { file: "x.yml", line, column: 1 }, value: build(inner) }] as const;
    });
    return { kind: "mapping", at, entries: new Map(entries) };
  };
  return build(value);
}

const told = (schema: z.ZodType, value: Plain, name = "v") =>
  parse(schema, treeOf(value), name).problems.map(formatProblem);
const lxc = (more: { [key: string]: Plain }) => told(container, { vmid: 301, ...more }, "proxmox_lxc");

describe("sizes", () => {
  it.each([
    ["8 GB", 8192],
    ["8G", 8192],
    ["16GiB", 16384],
    ["512MB", 512],
    ["512 mib", 512],
    ["1.5 GB", 1536],
    ["1T", 1048576],
    ["524288 KB", 512],
  ])("a memory of %s is %d MiB", (text, mib) => {
    expect(lxc({ memory: text })).toEqual([
      `x.yml:2:9 proxmox_lxc.memory: expected a whole number of MiB, got "${text}"; write ${mib}`,
    ]);
  });

  it("a disk is counted in GiB, as a number or as a string of digits", () => {
    expect(lxc({ disk: "500GB" })).toEqual([expect.stringMatching(/whole number of GiB, got "500GB"; write 500$/)]);
    expect(lxc({ disk: "1 TB" })).toEqual([expect.stringMatching(/write 1024$/)]);
    expect(lxc({ disk: "512MB" })).toEqual([expect.not.stringContaining("write")]);
    for (const disk of [8, "8"]) {
      expect(parse(container, treeOf({ vmid: 301, disk }), "proxmox_lxc").value?.disk).toBe(8);
    }
  });

  it("memory that is likely meant in GiB is said so", () => {
    expect(lxc({ memory: 8 })).toEqual([expect.stringMatching(/of at least 16, got 8; write 8192 for 8 GiB$/)]);
  });

  it("refuses what is no whole number, without proposing one", () => {
    for (const memory of [1.5, -5, true, null, [1], "lots", "", "8 GB or so", 12345678901234567890n]) {
      expect(lxc({ memory })).toHaveLength(1);
    }
  });

  it("reads every whole number of every unit back", () => {
    const units = fc.constantFrom(
      ["M", 1],
      ["MB", 1],
      ["MiB", 1],
      ["G", 1024],
      ["gb", 1024],
      ["GiB", 1024],
      ["TB", 1048576],
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100000 }), units, fc.constantFrom("", " ", "  "), (n, [unit, mib], gap) => {
        expect(sizeIn("MiB", `${n}${gap}${unit}`)).toBe(n * Number(mib));
        const gib = (n * Number(mib)) / 1024;
        expect(sizeIn("GiB", `${n}${gap}${unit}`)).toBe(Number.isInteger(gib) ? gib : undefined);
      }),
    );
  });

  it("never takes other text for a size", () => {
    fc.assert(fc.property(fc.string(), (text) => /^\s*\d/.test(text) || sizeIn("MiB", text) === undefined));
  });
});

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

describe("formats", () => {
  const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

  it.each<[string, z.ZodType, unknown[], unknown[]]>([
    [
      "hostnames",
      formats.dnsLabel(),
      ["web", "web-1", "a", "1a", "a".repeat(63)],
      ["web_1", "-web", "web-", "a.b", "", "a".repeat(64), "a b", 5],
    ],
    ["tags", formats.tag(), ["web", "a_b", "1", "_x", "a+b.c-d"], ["Web", "-a", "a b", "a;b", ""]],
    ["vmids", formats.vmid(), [100, "301", 999999999], [99, 1000000000, "abc", 1.5]],
    [
      "MAC addresses",
      formats.mac(),
      ["BC:24:11:00:00:01", "bc:24:11:aa:bb:cc"],
      ["BD:24:11:00:00:01", "BC-24-11-00-00-01", "BC:24:11"],
    ],
    ["VLANs", formats.vlan(), [1, 4094], [0, 4095]],
    [
      "IPv4 addresses",
      formats.ipv4(),
      ["10.0.0.1"],
      ["10.1", "10.0.0.256", "0x7f.1", "10.0.0.1/24", "::1", "010.0.0.1x"],
    ],
    [
      "IPv4 of cards",
      formats.nicAddress4(),
      ["dhcp", "10.0.0.1", "10.0.0.1/24"],
      ["auto", "DHCP ", "10.0.0.1/33", "10.0.0.1/"],
    ],
    [
      "IPv6 of cards",
      formats.nicAddress6(),
      ["auto", "dhcp", "fd00::1/64", "fd00::1"],
      ["10.0.0.1", "fe80::1%eth0", "fd00::1/129"],
    ],
    ["storages", formats.storageName(), ["local", "local-lvm", "a1"], ["a", "1a", "a-", "a b", "a;b"]],
    [
      "bridges",
      formats.interfaceName(),
      ["vmbr0", "vmbr0.10"],
      ["vmbr0;reboot", "", "a".repeat(16), "a b", "-a", ".."],
    ],
    [
      "addresses of nodes",
      formats.hostCidr4(),
      ["10.0.100.1/24", "10.0.0.0/31", "10.0.1.0/23"],
      ["10.0.100.0/24", "10.0.100.255/24", "10.0.100.1"],
    ],
    ["paths", formats.path(), ["/data", "/", "/mnt/a b"], ["data", "/a/../b", "/a/.", "/a,size=1", "/a\nb"]],
    ["devices", formats.devicePath(), ["/dev/dri/renderD128", "/dev/net/tun"], ["/etc/passwd", "/dev/", "/dev/$(x)"]],
    ["file modes", formats.fileMode(), ["0660", "0440"], [0o660, 660, 440, "660", "rw", "0999"]],
    ["URLs", formats.url(), ["https://a.example/b.tar.zst"], ["ftp://a", "https://a b", "https://a/`id`", "https://"]],
    [
      "API hosts",
      formats.hostAddress(),
      ["pve1", "pve1.example.org", "10.0.0.1", "fd00::1"],
      ["https://pve1", "pve1:8006", "1.2.3.4.5", "10.1", "a b", ""],
    ],
    ["flags", formats.flag(), [true, false], ["true", "yes", 1, null]],
    [
      "volumes",
      formats.volume("vztmpl"),
      ["local:vztmpl/debian.tar.zst"],
      ["local:iso/x", "vztmpl/x", "local:vztmpl/a/../b"],
    ],
  ])("%s", (_, schema, good, bad) => {
    expect(good.filter((value) => !accepts(schema, value))).toEqual([]);
    expect(bad.filter((value) => accepts(schema, value))).toEqual([]);
  });

  it.each([
    [{ hostname: "My_App" }, "write my-app"],
    [{ tags: ["Prod"] }, "write prod"],
    [{ started: "yes" }, "write true, without quotes"],
    [{ networks: [{ mac: "BC-24-11-00-00-01" }] }, "write BC:24:11:00:00:01"],
    [{ networks: [{ gateway: "192.168.1.1/24" }] }, "write 192.168.1.1"],
    [{ hostname: 12 }, 'write "12" in quotes'],
  ])("%j: %s", (value, fix) => {
    expect(lxc(value)).toEqual([expect.stringContaining(`; ${fix}`)]);
  });

  it("no text with shell metacharacters gets into names", () => {
    const nasty = fc.string().filter((text) => /[;$`'"\\\n\r|&<>(){}*?~!#]/.test(text));
    const names = [
      formats.dnsLabel(),
      formats.tag(),
      formats.storageName(),
      formats.interfaceName(),
      formats.poolName(),
      formats.plainName(),
    ];
    fc.assert(fc.property(nasty, (text) => names.every((schema) => !accepts(schema, text))));
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

describe("a file mode without quotes", () => {
  it.each([
    [0o440, '"0440" where 0440 stands, which YAML reads as 288'],
    [440, '"0670" where 0670 stands, which YAML reads as 440, "0440" where 440 stands'],
    [9999, '"0660"'],
  ])("%d is refused, with what to write for each way it may have been written", (input, fix) => {
    const issue = formats.fileMode().safeParse(input).error?.issues[0];
    expect(issue).toMatchObject({ code: "custom", params: { fix: `write it in quotes: ${fix}` } });
  });
});
