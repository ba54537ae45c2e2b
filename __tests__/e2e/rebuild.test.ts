import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pc from "picocolors";
import { guardGate } from "../../cli/guard/gate";
import { type RebuildOptions, rebuild } from "../../cli/rebuild";
import { terraform as operate } from "../../cli/terraform";
import type { OperateOptions } from "../../cli/terraform/operate";
import { DEFAULT_TEMPLATE, startTestbed, type Testbed } from "../../testbed/api/index";
import { container, hosts, type LabFiles } from "../support/lab-folder";
import { describeOnTestbed } from "./harness/lab-run";
import { NodeShell } from "./harness/node-shell";

jest.setTimeout(180_000);

const VOLUME = "mounts: [{ path: /data, storage: local-lvm, size: 2, backup: true }, { path: /srv, source: /srv }]";

describeOnTestbed("lab rebuild, the drill", () => {
  let testbed: Testbed;
  let shell: NodeShell;
  let cwd: string;
  let said: string[];
  let questions: string[];

  const write = (files: LabFiles) => {
    for (const [file, text] of Object.entries(files)) {
      const path = join(cwd, "inventory/lab", file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  };
  const web = (...lines: readonly string[]) => ({
    "host_vars/web.yml": container("vmid: 301", "networks: [{ ip: 10.20.1.1 }]", VOLUME, ...lines),
  });
  const { TF_CLI_CONFIG_FILE: _, ...inherited } = process.env;
  const environment = () => ({
    ...inherited,
    TF_VAR_proxmox_api_token: testbed.credentials.labToken,
    TF_VAR_proxmox_root_password: testbed.credentials.rootPassword,
    TF_VAR_proxmox_ssh_private_key: shell.privateKey,
    NO_COLOR: "1",
  });
  const io = () => {
    const tell = (text: string) => void said.push(text);
    return { cwd, out: tell, err: tell, colors: pc.createColors(false) };
  };
  const run = (target: string, options: RebuildOptions = { yes: true }) => {
    said = [];
    return rebuild(target, { environment: environment(), ...options }, io());
  };
  const deploy = async (options: Partial<OperateOptions> = {}) => {
    said = [];
    const code = await operate(
      ["deploy", "lab", "--auto-approve"],
      { environment: environment(), quiet: true, ...options },
      io(),
    );
    if (code !== 0) throw new Error(said.join("\n"));
  };
  const guest = (vmid: number) => testbed.state.guests[vmid];
  const tasks = (type: string) => testbed.state.tasks.filter((task) => task.type === type).map(({ id }) => id);
  const backUp = async (storage: string, ...vmids: readonly number[]) => {
    for (const vmid of vmids)
      await testbed.local({
        method: "POST",
        path: "/nodes/pve1/vzdump",
        parameters: { vmid: String(vmid), storage },
      });
    await testbed.settled();
  };
  const pct = (words: string) => {
    const [name = "", vmid = ""] = words.split(" ");
    const destroys = name === "destroy";
    const path = `/nodes/pve1/lxc/${vmid}${destroys ? "" : `/status/${name}`}`;
    return testbed.local({ method: destroys ? "DELETE" : "POST", path, parameters: {} }).then(() => testbed.settled());
  };

  beforeEach(async () => {
    cwd = mkdtempSync(join(tmpdir(), "lab-rebuild-"));
    questions = [];
    testbed = await startTestbed({ authDelayMs: 0 });
    shell = await NodeShell.start(testbed);
    write({
      "hosts.yml": hosts({ guests: ["web", "db"] }),
      "group_vars/all/main.yml": `
proxmox_api_host: 127.0.0.1
proxmox_api_port: ${testbed.port}
proxmox_validate_certs: false
proxmox_ssh_user: ${shell.user}
proxmox_default_node: pve1
proxmox_default_storage: local-lvm
proxmox_default_template: debian
proxmox_default_network: lan
proxmox_templates: { debian: { volume: "${DEFAULT_TEMPLATE}", os_type: debian } }
proxmox_networks: { lan: { bridge: vmbr0, cidr: 10.20.0.0/16, gateway: 10.20.0.1 } }
`,
      "host_vars/pve1.yml": `
proxmox_node:
  address: 127.0.0.1
  ssh_port: ${shell.port}
  ssh_host_key: ${shell.hostKey}
  bridges: [vmbr0]
  storages:
    local: { type: dir, content: [vztmpl, backup] }
    local-lvm: { type: lvmthin, content: [rootdir, images] }
`,
      ...web(),
      "host_vars/db.yml": container("vmid: 302", "networks: [{ ip: 10.20.1.2 }]", "startup: { order: 1 }"),
    });
    await deploy();
  });

  afterEach(async () => {
    await shell.close();
    await testbed.close();
    rmSync(cwd, { recursive: true, force: true });
  });

  it("from nothing: destroys and creates that guest alone, configures it again, and a second plan is empty", async () => {
    shell.taken();
    expect(await run("lab/web")).toBe(0);
    expect(said.join("\n")).toMatch(/web \(CT 301 on pve1\): DESTROYED and created anew/);
    expect(said.join("\n")).toContain(
      "lost: root disk (local-lvm, 8 GiB), volume /data (local-lvm:vm-301-disk-1, 2 GiB)",
    );
    expect(said.join("\n")).toContain("stays: /srv (bound from /srv of the node)");
    expect(said.at(-1)).toBe("web: rebuilt; a second plan finds nothing to change");
    expect([tasks("vzdestroy"), tasks("vzcreate").sort()]).toEqual([["301"], ["301", "301", "302"]]);
    expect(shell.taken()).toEqual(["web hardware", "web base"]);
    expect(guest(301)?.running).toBe(true);
  });

  it("from nothing: with a smaller disk, which a guest that is made anew may have", async () => {
    write(web("disk: 4"));
    expect(await run("lab/web")).toBe(0);
    expect(said.at(-1)).toBe("web: rebuilt; a second plan finds nothing to change");
    write(web("disk: 3", 'rebuild: "2025-01"'));
    await deploy();
    expect(guest(301)?.config.rootfs).toContain("size=3G");
  });

  it("from nothing: creates what was destroyed behind Terraform's back", async () => {
    await pct("stop 301");
    await pct("destroy 301");
    expect(guest(301)).toBeUndefined();
    expect(await run("lab/web")).toBe(0);
    expect(said.join("\n")).toContain("was destroyed behind Terraform's back, and is made anew");
    expect(guest(301)?.running).toBe(true);
  });

  it("from a backup: after a guest was destroyed, it is what it was, and a plan changes nothing", async () => {
    const before = { ...guest(301)?.config };
    await backUp("local", 301);
    await pct("stop 301");
    await pct("destroy 301");
    shell.taken();
    expect(await run("lab/web", { yes: true, fromBackup: "latest" })).toBe(0);
    expect(said.join("\n")).toMatch(/with local:backup\/vzdump-lxc-301-\S+, made \d{4}-/);
    expect(said.at(-1)).toBe("web: rebuilt; a second plan finds nothing to change");
    expect(guest(301)?.config).toEqual(before);
    expect(guest(301)?.running).toBe(true);
    expect(tasks("vzcreate").sort()).toEqual(["301", "302"]);
    expect(shell.runs).toEqual([]);
  });

  it("from a backup that is older than the inventory: overwrites what runs, and applies what has changed since", async () => {
    await backUp("local", 301);
    write(web("memory: 4096"));
    await deploy();
    const [volid] = testbed.state.volumes.filter(({ content }) => content === "backup").map((volume) => volume.volid);
    expect(await run("lab/web", { yes: true, fromBackup: volid ?? "" })).toBe(0);
    expect(said.join("\n")).toMatch(
      /memory.dedicated: 2048 → 4096, after somebody else changed it \(reboots\)\s+inventory\/lab\/host_vars\/web.yml:\d+:\d+/,
    );
    expect(guest(301)?.config.memory).toBe("4096");
    expect(tasks("vzrestore")).toEqual(["301"]);
  });

  it("a node after its loss: its storages, then every guest from its backup, in the order in which they start", async () => {
    write({
      "group_vars/all/storages.yml": "proxmox_storages: { nas: { type: dir, path: /mnt/nas, content: [backup] } }\n",
    });
    await deploy();
    await backUp("nas", 301, 302);
    delete testbed.state.storages.nas;
    for (const vmid of [301, 302]) {
      await pct(`stop ${vmid}`);
      await pct(`destroy ${vmid}`);
    }
    expect(await run("lab/pve1", { yes: true, fromBackup: "latest" })).toBe(0);
    expect(testbed.state.storages.nas).toMatchObject({ path: "/mnt/nas" });
    expect(tasks("vzrestore")).toEqual(["302", "301"]);
    expect(tasks("vzcreate").length).toBe(2);
    expect([guest(301)?.running, guest(302)?.running]).toEqual([true, true]);
    expect(said.at(-1)).toBe("pve1: rebuilt; a second plan finds nothing to change");
  });

  it("a node after its loss, from nothing: every guest is made and configured again", async () => {
    for (const vmid of [301, 302]) {
      await pct(`stop ${vmid}`);
      await pct(`destroy ${vmid}`);
    }
    shell.taken();
    expect(await run("lab/pve1")).toBe(0);
    expect([guest(301)?.running, guest(302)?.running]).toEqual([true, true]);
    expect(shell.taken()).toEqual(expect.arrayContaining(["web hardware", "web base", "db base"]));
    expect(said.at(-1)).toBe("pve1: rebuilt; a second plan finds nothing to change");
  });

  it("npm run deploy destroys nothing that is not allowed by name", async () => {
    write({ "hosts.yml": hosts({ guests: ["web"] }) });
    const words = ["deploy", "lab", "--auto-approve"];
    const options = { environment: environment(), quiet: true, gate: guardGate };
    expect(await operate(words, options, io())).toBe(3);
    expect(said.at(-1)).toBe("refused: db would be destroyed; if that is meant, allow it by name: --allow db");
    expect(guest(302)?.running).toBe(true);
    expect(await operate([...words, "--allow", "db"], options, io())).toBe(0);
    expect(guest(302)).toBeUndefined();
    expect(guest(301)?.running).toBe(true);
  });

  it("touches nothing without a yes, without a backup, or for a host that is none", async () => {
    const confirm = async (question: string) => {
      questions.push(question);
      return "no";
    };
    expect(await run("lab/web", { confirm })).toBe(1);
    expect(await run("lab/web", {})).toBe(1);
    expect(said.at(-1)).toContain("nobody can be asked");
    await expect(run("lab/web", { yes: true, fromBackup: "latest" })).rejects.toThrow(
      /web \(301\) has no backup on pve1/,
    );
    await backUp("local", 301);
    await expect(run("lab/web", { yes: true, fromBackup: "local:backup/x" })).rejects.toThrow(
      /there are local:backup\/vz/,
    );
    expect(await run("lab/web", { confirm, fromBackup: "latest" })).toBe(1);
    expect(questions.length).toBe(2);
    await expect(run("lab/wbe")).rejects.toThrow('did you mean "web"');
    expect([tasks("vzdestroy"), tasks("vzrestore"), tasks("vzstop")]).toEqual([[], [], []]);
  });
});
