import { loadLab } from "../../model";
import type { ContainerGuest, Lab } from "../../model/lab";
import { FakeProxmox } from "../support/fake-proxmox";
import { guest, lab, node } from "../support/lab";
import { describeWithTerraform, Workspace } from "../support/terraform";

jest.setTimeout(120_000);

/** The discard port: nothing listens there. */
const NOBODY = "https://127.0.0.1:9/";
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
  let host: FakeProxmox;
  let workspace: Workspace;

  async function start(changes: Partial<ContainerGuest> = {}): Promise<void> {
    host = new FakeProxmox();
    const endpoint = await host.listen();
    write = (more) => ({
      lab: at(lab({ nodes: [node()], guests: [guest({ nics: [], started: false, ...more })] }), endpoint),
    });
    workspace = await new Workspace(write(changes)).init();
  }
  let write: (changes: Partial<ContainerGuest>) => { lab: Lab };
  const created = () => host.asked.filter(({ method, path }) => method !== "GET" && path !== "/access/ticket");
  const guard = ["apply", "-no-color", "-auto-approve", "-target=terraform_data.vmid_guard"];

  afterEach(() => {
    host.close();
    workspace.remove();
  });

  it("a VMID that is taken stops the apply before anything is created, and names the guest that has it", async () => {
    await start();
    host.containers = [{ vmid: 301, name: "somebody-elses" }];
    const { ok, output } = await workspace.run([
      "apply",
      "-no-color",
      "-auto-approve",
      "-target=proxmox_virtual_environment_container.web",
    ]);
    expect(ok).toBe(false);
    expect(output).toContain('VMID 301, wanted for web, is the container "somebody-elses" on node pve1');
    expect(created().filter(({ path }) => path.includes("lxc"))).toEqual([]);
  });

  it("a VM on the id of a container stops it too", async () => {
    await start();
    host.vms = [{ vmid: 301, name: "windows", tags: "lab-lab" }];
    expect((await workspace.run(guard)).output).toContain('VMID 301, wanted for web, is the vm "windows" on node pve1');
  });

  it("guests of the lab and adopted ones pass; a foreign one is then refused at the plan", async () => {
    await start();
    host.containers = [
      { vmid: 301, name: "web", tags: "lab-lab;web" },
      { vmid: 999, name: "other" },
    ];
    expect(await workspace.run(guard)).toMatchObject({ ok: true });
    host.containers = [{ vmid: 301, name: "web", tags: "web" }];
    const plan = ["plan", "-no-color", "-target=terraform_data.vmid_guard"];
    const refused = await workspace.run(plan);
    expect(refused.ok).toBe(false);
    expect(refused.output).toContain("Not created, because these VMIDs belong to guests that are not of this lab");
    workspace.write(write({ adopt: true }));
    expect(await workspace.run(plan)).toMatchObject({ ok: true });
  });

  it("a disk smaller than the volume is refused at the plan", async () => {
    await start({ adopt: true });
    host.containers = [{ vmid: 301, name: "web", tags: "lab-lab" }];
    host.rootVolumeGiB = 16;
    expect(await workspace.run(guard)).toMatchObject({ ok: true });
    const plan = ["plan", "-no-color", "-target=proxmox_virtual_environment_container.web"];
    const refused = await workspace.run(plan);
    expect(refused.ok).toBe(false);
    expect(refused.output).toMatch(/VMID 301: a disk cannot be made smaller[\s\S]*local-lvm:vm-301-disk-0/);
    workspace.write(write({ adopt: true, diskGiB: 16 }));
    expect(await workspace.run(plan)).toMatchObject({ ok: true });
  });

  it("a guest of ours on another node is not destroyed there", async () => {
    await start();
    host.elsewhere = [{ vmid: 301, name: "web", tags: "lab-lab" }];
    const { output } = await workspace.run(guard);
    expect(output).toContain("VMID 301 (web) is on node pve2, not on pve1");
    expect(output).toContain("Migrate each first");
  });

  it("an existing guest is rebuilt when that is asked for, and not for a new template, mount or device", async () => {
    const quiet = {
      startOnBoot: false,
      os: { kind: "volume", volume: "local:vztmpl/a.tar.zst", osType: "debian" },
    } as const;
    await start({ ...quiet, adopt: true });
    host.containers = [{ vmid: 301, name: "web", tags: "lab-lab" }];
    expect(
      await workspace.run([
        "apply",
        "-no-color",
        "-auto-approve",
        "-target=terraform_data.rebuilds",
        "-target=proxmox_virtual_environment_container.web",
      ]),
    ).toMatchObject({ ok: true });
    const plan = ["plan", "-no-color", "-target=proxmox_virtual_environment_container.web"];

    const volume = { readOnly: false, backup: false, replicate: true, shared: false, quota: false, options: [] };
    const changed = {
      ...quiet,
      os: { ...quiet.os, volume: "local:vztmpl/b.tar.zst" },
      mounts: [{ kind: "volume", path: "/data", storage: "local-lvm", sizeGiB: 1, ...volume }],
      devices: [{ path: "/dev/net/tun", denyWrite: false }],
    } as const;
    workspace.write(write(changed));
    expect((await workspace.run(plan)).output).not.toMatch(/replaced|destroy and then create|will be updated/);

    workspace.write(write({ ...quiet, rebuild: "1" }));
    expect((await workspace.run(plan)).output).toContain(
      "proxmox_virtual_environment_container.web will be replaced due to changes in replace_triggered_by",
    );
  });

  it("the token acts with the token and root with its password, whatever the environment says", async () => {
    await start({ devices: [{ path: "/dev/net/tun", denyWrite: false }], adopt: true });
    host.containers = [{ vmid: 301, name: "web", tags: "lab-lab" }];
    const environment = {
      PROXMOX_VE_API_TOKEN: "other@pve!x=11111111-1111-1111-1111-111111111111",
      PROXMOX_VE_USERNAME: "other@pve",
      PROXMOX_VE_PASSWORD: "other",
    };
    expect(await workspace.run(guard, environment)).toMatchObject({ ok: true });
    await workspace.run(["plan", "-no-color", "-target=proxmox_virtual_environment_container.web"], environment);
    const askers = (path: RegExp) => [
      ...new Set(host.asked.filter((each) => path.test(each.path)).map(({ as }) => as)),
    ];
    expect(askers(/\/(lxc|qemu|nodes|content)$/)).toEqual(["token"]);
    expect(askers(/lxc\/301/)).toEqual(["ticket"]);
  });
});
