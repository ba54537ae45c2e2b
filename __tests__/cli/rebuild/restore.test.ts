import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type Backup, backupsOn, chosen } from "../../../cli/rebuild/backups";
import type { NodeShell } from "../../../cli/rebuild/node-shell";
import { restoreLosses, restoreScript } from "../../../cli/rebuild/restore";
import { targetOf } from "../../../cli/rebuild/targets";
import { labTag } from "../../../constructs/vmid-guard";
import type { Guest, Mount } from "../../../model/lab";
import { guest, lab, node } from "../../support/lab";
import { hosts, load, removeLabFolders } from "../../support/lab-folder";
import { temporaryFolder } from "../../support/run-step";

const VOLID = "pbs:backup/ct/301/2026-11-21T02:00:00Z";
const backup = (changes: Partial<Backup> = {}): Backup => ({
  ...{ volid: VOLID, vmid: 301, kind: "container", ctime: 1 },
  ...changes,
});
const option = { readOnly: false, backup: true, replicate: true, shared: false, quota: false, options: [] };
const volume = (path: string, storage: string, more: object = {}): Mount => ({
  ...{ ...option, ...more },
  ...{ kind: "volume", path, storage, sizeGiB: 5 },
});

afterAll(removeLabFolders);

/** Runs the script where `pct`, `qm` and `qmrestore` note how they are called, and returns the calls. */
function calls(each: Guest, from: Backup, running = false): string[][] {
  const { noted, status, stderr } = restored(each, from, { running });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return noted;
}

/** @param tags of the guest that is there; without them there is none */
function restored(each: Guest, from: Backup, { running = false, tags }: { running?: boolean; tags?: string }) {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "bin"));
  for (const name of ["pct", "qm", "qmrestore"]) {
    const status = running ? "running" : "stopped";
    const config = tags === undefined ? "exit 2" : `{ printf 'hostname: x\\n%s' '${tags}'; exit 0; }`;
    const noted = `for word in ${name} "$@"; do printf '%s\\0' "$word"; done >>"$LOG"; printf '\\n' >>"$LOG"`;
    writeFileSync(
      join(folder, "bin", name),
      `#!/bin/sh\n[ "$1" = status ] && { echo "status: ${status}"; exit 0; }\n[ "$1" = config ] && ${config}\n${noted}\n`,
      {
        mode: 0o755,
      },
    );
  }
  const log = join(folder, "log");
  const env = { PATH: `${join(folder, "bin")}:${process.env.PATH}`, LOG: log };
  const script = restoreScript(lab(), each, from);
  const { status, stderr } = spawnSync("sh", ["-s"], { input: script, env, encoding: "utf8" });
  const text = existsSync(log) ? readFileSync(log, "utf8") : "";
  const noted = text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\0").slice(0, -1));
  return { noted, status, stderr };
}

describe("the script that restores a guest", () => {
  it("stops a container that runs, puts the backup in its place, and starts it", () => {
    const restored = ["pct", "restore", "301", VOLID, "--force", "1", "--storage", "local-lvm"];
    expect(calls(guest(), backup(), true)).toEqual([["pct", "stop", "301"], restored, ["pct", "start", "301"]]);
    expect(calls(guest({ started: false }), backup())).toEqual([restored]);
  });

  it("overwrites no guest that does not carry the lab's tag", () => {
    const tag = labTag(lab().name);
    for (const tags of [`tags: ${tag}\n`, `tags: a;${tag};b\n`])
      expect(restored(guest(), backup(), { tags }).status).toBe(0);
    for (const tags of ["", "tags: mine\n", `tags: ${tag}2\n`, `description: ${tag}\n`]) {
      const { noted, status, stderr } = restored(guest(), backup(), { tags, running: true });
      expect({ noted, status }).toEqual({ noted: [], status: 1 });
      expect(stderr).toMatch(/VMID 301, wanted for .*, belongs to a guest without the tag .* --tags /);
    }
  });

  it("names each volume where they are on several storages", () => {
    const bind: Mount = { ...option, backup: false, kind: "bind", path: "/srv", source: "/tank/srv" };
    const mounts = [volume("/data", "tank"), bind];
    const [restored] = calls(guest({ started: false, mounts }), backup());
    expect(restored?.slice(6)).toEqual([
      ...["--rootfs", "local-lvm:8"],
      ...["--mp0", expect.stringMatching(/^tank:5,mp=\/data,/)],
      ...["--mp1", expect.stringMatching(/^\/tank\/srv,mp=\/srv,/)],
    ]);
  });

  it("restores a VM where its backup says that each disk was", () => {
    const files = {
      "hosts.yml": hosts({ guests: ["win"] }),
      "host_vars/win.yml":
        "proxmox_vm: { vmid: 100, cores: 2, memory: 4096, disk: 32, storage: local-lvm, networks: [] }\n",
    };
    const [win] = load(files).lab?.guests ?? [];
    const volid = "local:backup/vzdump-qemu-100-2026_11_21-02_00_00.vma.zst";
    expect(win && calls(win, backup({ kind: "vm", vmid: 100, volid }), true)).toEqual([
      ["qm", "stop", "100"],
      ["qmrestore", volid, "100", "--force", "1"],
      ["qm", "start", "100"],
    ]);
  });

  it("lets no name become code", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '"', "$", "`", ";", " ", "\\", "a", "&", "|", "(") }),
        fc.string({ unit: fc.constantFrom("'", "$", "`", ";", "a") }),
        (name, storage) => {
          const volid = `local:backup/vzdump-lxc-301-${name}`;
          const [restored] = calls(guest({ started: false, storage }), backup({ volid }));
          expect([restored?.[3], restored?.[7]]).toEqual([volid, storage]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("says what does not come back", () => {
    const lossesOf = (each: Guest) => restoreLosses(lab({ guests: [each] }), each);
    expect(lossesOf(guest())).toEqual(["everything written since then"]);
    const mounts = [volume("/data", "tank", { backup: false }), volume("/kept", "tank")];
    expect(lossesOf(guest({ mounts }))).toEqual(["everything written since then", "/data, which backups do not hold"]);
  });
});

describe("backups", () => {
  const place = node({
    storages: [
      { name: "local", type: "dir", content: ["backup"] },
      { name: "local-lvm", type: "lvmthin", content: ["rootdir"] },
      { name: "pbs", type: "pbs", content: ["backup"] },
    ],
  });
  const shell = (answers: Readonly<Record<string, readonly object[] | string>>) => {
    const scripts: string[] = [];
    const run = async (_: string, script: string) => {
      scripts.push(script);
      const found = answers[/storage\/(\w+)\/content/.exec(script)?.[1] ?? ""] ?? [];
      return typeof found === "string"
        ? { status: 2, output: "", errors: found }
        : { status: 0, output: JSON.stringify(found), errors: "" };
    };
    return { shell: { run } as unknown as NodeShell, scripts };
  };

  it("are looked for on every storage that holds any, the latest first, whatever else lies there", async () => {
    const { scripts, shell: asked } = shell({
      local: [
        { volid: "local:backup/vzdump-lxc-301-2026_11_19-02_00_00.tar.zst", vmid: 301, ctime: 10 },
        { volid: "local:backup/vzdump-qemu-100-2026_11_19-02_00_00.vma.zst", vmid: 100, ctime: 20 },
        { volid: "local:backup/notes.txt", ctime: 30 },
      ],
      pbs: [{ volid: VOLID, vmid: 301, ctime: 40, size: 7 }],
    });
    const found = await backupsOn(lab({ nodes: [place] }), "pve1", asked);
    expect(scripts.length).toBe(2);
    expect(found.backups.map(({ ctime, kind }) => [kind, ctime])).toEqual([
      ["container", 40],
      ["vm", 20],
      ["container", 10],
    ]);
    expect(chosen(guest(), "latest", found).volid).toBe(VOLID);
    expect(chosen(guest(), "local:backup/vzdump-lxc-301-2026_11_19-02_00_00.tar.zst", found).ctime).toBe(10);
  });

  it("of another guest, or of the other kind, are none of this one's", () => {
    const found = { backups: [backup({ vmid: 302 }), backup({ kind: "vm" })], notes: [] };
    expect(() => chosen(guest(), "latest", found)).toThrow("web (301) has no backup on pve1");
  });

  it("that cannot be listed are told with the reason", async () => {
    const { shell: asked } = shell({ pbs: "x\ncould not connect: timeout\n" });
    const found = await backupsOn(lab({ nodes: [place] }), "pve1", asked);
    expect(() => chosen(guest(), "latest", found)).toThrow("pbs: could not connect: timeout");
    const none = await backupsOn(lab({ nodes: [node()] }), "pve1", asked);
    expect(none.notes).toEqual(['no storage of pve1 in the inventory has "backup" in its content']);
  });
});

describe("what is rebuilt", () => {
  const guests = [
    guest(),
    guest({ name: "db", vmid: 302, startup: { order: 2 } }),
    guest({ name: "dns", vmid: 303, startup: { order: 1 } }),
    guest({ name: "far", vmid: 304, node: "pve2" }),
  ];
  const given = lab({ guests, nodes: [node(), node({ name: "pve2", active: false })] });

  it("is a guest, or a node's guests in the order in which they start", () => {
    expect(targetOf(given, "web")).toMatchObject({ isNode: false, guests: [{ name: "web" }] });
    const { guests: found, isNode } = targetOf(given, "pve1");
    expect([isNode, found.map(({ name }) => name)]).toEqual([true, ["dns", "db", "web"]]);
  });

  it("is nothing else, and no node that is not active", () => {
    expect(() => targetOf(given, "router")).toThrow("router is neither a guest nor a node");
    expect(() => targetOf(given, "pve2")).toThrow("the node pve2 is not active");
  });
});
