import { loadLab } from "../../model";
import type { ContainerGuest, Lab } from "../../model/lab";
import { startTestbed, type Testbed } from "../../testbed/api/index";
import { guest, lab, node } from "../support/lab";
import { describeWithTerraform, Workspace } from "../support/terraform";

jest.setTimeout(120_000);

/** The discard port: nothing listens there. */
const NOBODY = "https://127.0.0.1:9/";
const GUARD = "terraform_data.vmid_guard";
const DISK_GUARD = "terraform_data.disk_guard";
const WEB = "proxmox_virtual_environment_container.web";
const OS = { kind: "volume", volume: "local:vztmpl/debian-12-standard.tar.zst", osType: "debian" } as const;
const OTHER_OS = { ...OS, volume: "local:vztmpl/debian-13-standard.tar.zst" } as const;

const at = (given: Lab, endpoint: string): Lab => ({
  ...given,
  connection: { ...given.connection, endpoint, verifyTls: false },
});

describeWithTerraform("a lab before it is created", () => {
  it("validates and plans without any Proxmox VE host: four containers with their sizes, and no warning", async () => {
    const { lab: tiers } = loadLab("tiers");
    if (!tiers) throw new Error("the lab tiers has errors");
    const workspace = await new Workspace({ lab: at(tiers, NOBODY) }).init();
    const validation = JSON.parse((await workspace.run(["validate", "-json"])).output);
    expect(validation).toMatchObject({ valid: true, warning_count: 0 });
    const plan = await workspace.run(["plan", "-no-color", "-out=plan"]);
    expect(plan.output).not.toMatch(/Warning:|Error:/);
    const { planned_values } = JSON.parse((await workspace.run(["show", "-json", "plan"])).output);
    const sizes = planned_values.root_module.resources
      .filter(({ type }: { type: string }) => type === "proxmox_virtual_environment_container")
      .map(({ name, values }: { name: string; values: { cpu: object[]; memory: object[]; disk: object[] } }) => ({
        name,
        ...values.cpu[0],
        ...values.memory[0],
        ...values.disk[0],
      }));
    expect(sizes).toEqual([
      expect.objectContaining({ name: "codeserver", cores: 2, dedicated: 2048, size: 8 }),
      expect.objectContaining({ name: "frontend", cores: 2, dedicated: 2048, size: 8 }),
      expect.objectContaining({ name: "jellyfin", cores: 8, dedicated: 32768, size: 8 }),
      expect.objectContaining({ name: "media", cores: 4, dedicated: 8192, size: 8 }),
    ]);
    workspace.remove();
  });

  it.each([
    ["ai", { proxmox_virtual_environment_container: 6 }],
    ["homeserver", { proxmox_virtual_environment_vm: 3, proxmox_network_linux_bridge: 1 }],
  ])(
    "validates and plans the lab %s without any host, and the provider has nothing to warn of",
    async (name, counts) => {
      const { lab: described } = loadLab(name);
      if (!described) throw new Error(`the lab ${name} has errors`);
      const workspace = await new Workspace({ lab: at(described, NOBODY) }).init();
      const validation = JSON.parse((await workspace.run(["validate", "-json"])).output);
      expect(validation).toMatchObject({ valid: true, warning_count: 0 });
      const secrets = Object.fromEntries(described.secrets.map((secret) => [`TF_VAR_${secret.name}`, "secret"]));
      const plan = await workspace.run(["plan", "-no-color", "-out=plan"], secrets);
      expect(plan.output).not.toMatch(/Warning:|Error:/);
      const { planned_values } = JSON.parse((await workspace.run(["show", "-json", "plan"])).output);
      const types: readonly string[] = planned_values.root_module.resources.map(({ type }: { type: string }) => type);
      for (const [type, count] of Object.entries(counts))
        expect({ type, count: types.filter((each) => each === type).length }).toEqual({ type, count });
      workspace.remove();
    },
  );

  it("reads every text as it was written", async () => {
    const texts = [
      '${file("/etc/passwd")}',
      "%{ if true }x%{ endif }",
      "$${x}",
      "$$${x}",
      "%%%{x}",
      "$%{x}",
      "100 % ${",
      "\\${x}\n",
    ];
    const environment = Object.fromEntries(texts.map((text, index) => [`TEXT_${index}`, text]));
    const workspace = await new Workspace({
      lab: at(lab({ guests: [guest({ nics: [], environment })] }), NOBODY),
    }).init();
    expect(await workspace.run(["plan", "-out=plan"])).toMatchObject({ ok: true });
    const { planned_values } = JSON.parse((await workspace.run(["show", "-json", "plan"])).output);
    const [web] = planned_values.root_module.resources.filter(({ name }: { name: string }) => name === "web");
    expect(web.values.environment_variables).toEqual(environment);
    workspace.remove();
  });

  it("shows the inventory's warnings in its plan", async () => {
    const warning = { rule: "x", severity: "warning", message: "pve1: ${40} of 32 GiB are promised" } as const;
    const workspace = await new Workspace({ lab: at(lab(), NOBODY), warnings: [warning] }).init();
    const { ok, output } = await workspace.run(["plan", "-no-color"]);
    expect(ok).toBe(true);
    expect(output).toContain("Warning: Check block assertion failed");
    expect(output).toContain(warning.message);
    workspace.remove();
  });

  it("refuses a credential that is none by saying what one looks like, without printing it", async () => {
    const workspace = await new Workspace({ lab: at(lab(), NOBODY) }).init();
    const { ok, output } = await workspace.run(["plan", "-no-color"], { TF_VAR_proxmox_api_token: "canary-token" });
    expect(ok).toBe(false);
    expect(output).toContain("the API token must be in the format 'USER@REALM!TOKENID=UUID'");
    expect(output).not.toContain("canary-token");
    workspace.remove();
  });
});

describeWithTerraform("with a host", () => {
  let host: Testbed;
  let workspace: Workspace;

  const write = (changes: Partial<ContainerGuest>, ...more: ContainerGuest[]) => {
    const own = guest({ os: OS, nics: [], started: false, startOnBoot: false, ...changes });
    return { lab: at(lab({ nodes: [node()], guests: [own, ...more] }), `${host.url}/`) };
  };
  const run = (args: readonly string[], environment = {}) =>
    workspace.run([...args, "-no-color"], {
      TF_VAR_proxmox_api_token: host.credentials.labToken,
      TF_VAR_proxmox_root_password: host.credentials.rootPassword,
      ...environment,
    });
  const start = async (...changes: Parameters<typeof write>): Promise<void> => {
    workspace = await new Workspace(write(...changes)).init();
  };
  const apply = (...targets: string[]) =>
    run(["apply", "-auto-approve", ...targets.map((address) => `-target=${address}`)]);
  const plan = (...targets: string[]) => run(["plan", ...targets.map((address) => `-target=${address}`)]);

  /** Makes a guest as somebody else would. */
  async function there(vmid: number, name: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
    const { kind = "lxc", on = "pve1", ...options } = more;
    const own = { rootfs: "local-lvm:8", ostemplate: OS.volume, unprivileged: "1", cores: "2", memory: "2048" };
    const parameters =
      kind === "lxc" ? { ...own, hostname: name, swap: "0", features: "fuse=0,keyctl=0,mknod=0,nesting=0" } : { name };
    const path = `/nodes/${on}/${kind}`;
    await host.local({ method: "POST", path, parameters: { vmid: String(vmid), ...parameters, ...options } });
    await host.settled();
    expect(host.state.guests[vmid]).toBeDefined();
  }

  beforeEach(async () => {
    const nodes = ["pve1", "pve2"].map((name) => ({ name }));
    host = await startTestbed({ authDelayMs: 0, nodes, volumes: [OS.volume, OTHER_OS.volume] });
  });

  afterEach(async () => {
    await host.close();
    workspace.remove();
  });

  it("a VMID that is taken stops the apply before anything is created, and names the guest that has it", async () => {
    await there(301, "somebody-elses");
    await start({});
    const before = structuredClone(host.state.guests);
    const { ok, output } = await apply(WEB);
    expect(ok).toBe(false);
    expect(output).toContain('VMID 301, wanted for web, is the container "somebody-elses" on node pve1');
    expect(host.state.guests).toEqual(before);
  });

  it("a VM on the id of a container stops it too", async () => {
    await there(301, "windows", { kind: "qemu", tags: "lab-lab" });
    await start({});
    expect((await apply(GUARD)).output).toContain('VMID 301, wanted for web, is the vm "windows" on node pve1');
  });

  it("guests of the lab and adopted ones pass; a foreign one is then refused at the plan", async () => {
    await there(301, "web", { tags: "lab-lab;web" });
    await there(999, "other");
    await start({});
    expect(await apply(GUARD)).toMatchObject({ ok: true });
    Object.assign(host.state.guests[301]?.config ?? {}, { tags: "web" });
    const refused = await plan(GUARD);
    expect(refused.ok).toBe(false);
    expect(refused.output).toContain("Not created, because these VMIDs belong to guests that are not of this lab");
    workspace.write(write({ adopt: true }));
    expect(await plan(GUARD)).toMatchObject({ ok: true });
  });

  it("a container is taken over by root, untouched, and is the token's once adopt is gone", async () => {
    await there(301, "web", { tags: "lab-lab", features: "nesting=1", swap: "512", cores: "2", memory: "2048" });
    await start({ adopt: true });
    expect(await apply(WEB)).toMatchObject({ ok: true });
    workspace.write(write({}));
    const { ok, output } = await plan(WEB);
    expect({ ok, output: /No changes|will be (updated|replaced|created)/.exec(output)?.[0] }).toEqual({
      ok: true,
      output: "No changes",
    });
  });

  it("a disk smaller than the volume is refused at the plan", async () => {
    await there(301, "web", { tags: "lab-lab", rootfs: "local-lvm:16" });
    await start({ adopt: true });
    expect(await apply(GUARD)).toMatchObject({ ok: true });
    const refused = await plan(WEB, DISK_GUARD);
    expect(refused.ok).toBe(false);
    expect(refused.output).toContain("web (VMID 301): 8 GiB is less than the 16 GiB that it has");
    workspace.write(write({ adopt: true, diskGiB: 16 }));
    expect(await plan(WEB, DISK_GUARD)).toMatchObject({ ok: true });
  });

  it("a guest of ours on another node is not destroyed there", async () => {
    await there(301, "web", { tags: "lab-lab", on: "pve2" });
    await start({});
    const { output } = await apply(GUARD);
    expect(output).toContain("VMID 301 (web) is on node pve2, not on pve1");
    expect(output).toContain("Migrate each first");
  });

  it("an existing guest is rebuilt when that is asked for, and not for a new template, mount or device", async () => {
    await there(301, "web", { tags: "lab-lab" });
    await start({ adopt: true });
    expect(await apply("terraform_data.rebuilds", WEB)).toMatchObject({ ok: true });

    const volume = { readOnly: false, backup: false, replicate: true, shared: false, quota: false, options: [] };
    const changed = {
      os: OTHER_OS,
      mounts: [{ kind: "volume", path: "/data", storage: "local-lvm", sizeGiB: 1, ...volume }],
      devices: [{ path: "/dev/net/tun", denyWrite: false }],
    } as const;
    workspace.write(write(changed));
    expect((await plan(WEB)).output).not.toMatch(/replaced|destroy and then create|will be updated/);

    workspace.write(write({ rebuild: "1" }));
    expect((await plan(WEB)).output).toContain(`${WEB} will be replaced due to changes in replace_triggered_by`);
    expect(host.state.tasks.filter(({ type }) => type === "vzdestroy")).toEqual([]);
  });

  it("the token acts with the token and root with its password, whatever the environment says", async () => {
    const plain = { name: "plain", hostname: "plain", vmid: 302 };
    const free = guest({ os: OS, nics: [], started: false, ...plain });
    await start({ devices: [{ path: "/dev/net/tun", denyWrite: false }] }, free);
    const environment = {
      PROXMOX_VE_API_TOKEN: "other@pve!x=11111111-1111-1111-1111-111111111111",
      PROXMOX_VE_USERNAME: "other@pve",
      PROXMOX_VE_PASSWORD: "other",
    };
    const targets = [WEB, WEB.replace("web", "plain")].map((address) => `-target=${address}`);
    expect(await run(["apply", "-auto-approve", ...targets], environment)).toMatchObject({ ok: true });
    const created = host.state.tasks.filter(({ type }) => type === "vzcreate");
    expect(Object.fromEntries(created.map(({ id, tokenid, user }) => [id, [user, tokenid]]))).toEqual({
      301: ["root@pam", undefined],
      302: ["terraform@pve", "tf"],
    });
  });
});
