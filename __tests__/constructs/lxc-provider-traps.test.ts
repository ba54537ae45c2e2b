import type { TieredLxcProps } from "../../constructs/lxc-props";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { NIC, plainLxc, VOLUME } from "../support/lxc";
import { container, TestStack } from "../support/synth";

describe("traps of the provider", () => {
  it("defaults are stated, not inherited", () => {
    expect(container(plainLxc({ mounts: [VOLUME], nics: [NIC] }))).toMatchObject({
      unprivileged: true,
      started: true,
      start_on_boot: true,
      protection: false,
      template: false,
      description: "",
      memory: { swap: 0 },
      features: { nesting: false, keyctl: false, fuse: false, mknod: false, mount: [] },
      mount_point: [{ backup: false, read_only: false, replicate: true, shared: false, quota: false }],
      network_interface: [{ firewall: false, enabled: true }],
      timeout_create: 1800,
      timeout_update: 1800,
      timeout_delete: 300,
    });
  });

  it("tags are always written, because a list once left out cannot be emptied", () => {
    expect(container(plainLxc()).tags).toEqual(["lab-lab"]);
  });

  it("tags are sorted, as Proxmox VE stores them", () => {
    expect(container(plainLxc({ tags: ["web", "a"] })).tags).toEqual(["a", "lab-lab", "web"]);
  });

  it("cores are always written, because a limit without them cannot be read back", () => {
    expect(container(plainLxc({ cpuLimit: 0.5 })).cpu).toEqual({ cores: 2, limit: 0.5 });
  });

  it("keys and passwords are never on the container, because changing them replaces it", () => {
    expect(JSON.stringify(container(plainLxc()))).not.toMatch(/user_account|password|keys/);
  });

  it("a new template, mount or device does not replace a guest that exists", () => {
    expect(container(plainLxc()).lifecycle).toMatchObject({
      ignore_changes: ["operating_system", "mount_point", "device_passthrough", "console"],
    });
  });

  it("a console that is not stated is left alone, because the provider would reboot the guest for it", () => {
    const stated = plainLxc({ console: { enabled: true, ttyCount: 2, type: "tty" } });
    expect(JSON.stringify(container(stated).lifecycle)).not.toContain("console");
    expect(JSON.stringify(container(plainLxc()).lifecycle)).toContain("console");
  });

  it("mounts and devices of a guest that exists are changed on its node, in a step that the plan shows", () => {
    const step = (sizeGiB: number) =>
      plainLxc({ mounts: [{ ...VOLUME, sizeGiB }], devices: [{ path: "/dev/net/tun" }] }).resource.null_resource
        ?.web_hardware;
    expect(step(10)).toBeDefined();
    expect(step(10)?.triggers).toEqual(step(10)?.triggers);
    expect(step(20)?.triggers).not.toEqual(step(10)?.triggers);
  });

  it("the pool is joined by a membership, because pool_id replaces the guest", () => {
    const terraform = plainLxc({ pool: "production" });
    expect(container(terraform)).not.toHaveProperty("pool_id");
    expect(Object.values(terraform.resource.proxmox_pool_membership ?? {})).toEqual([
      { pool_id: "production", vm_id: "${tonumber(proxmox_virtual_environment_container.web.id)}" },
    ]);
  });

  it("a protected guest is protected from Terraform too", () => {
    expect(container(plainLxc({ protection: true }))).toMatchObject({
      protection: true,
      lifecycle: { prevent_destroy: true },
    });
    expect(container(plainLxc()).lifecycle).not.toHaveProperty("prevent_destroy");
  });

  it("a guest is rebuilt when its own entry changes, and only a guest that asks for it can be", () => {
    const terraform = plainLxc({ rebuild: "2025-01" });
    expect(container(terraform).lifecycle).toMatchObject({
      replace_triggered_by: ['terraform_data.rebuilds.input["web"]'],
    });
    expect(terraform.locals.rebuilds).toMatchObject({ web: "2025-01" });
    expect(container(plainLxc()).lifecycle).not.toHaveProperty("replace_triggered_by");
  });

  it("the entries for rebuilds exist before any is asked for, or the first would go unseen", () => {
    expect(Object.keys(plainLxc().locals.rebuilds ?? {})).toEqual([""]);
  });

  it("a disk smaller than its volume is refused at the plan", () => {
    const terraform = plainLxc();
    expect(terraform.resource.terraform_data?.disk_guard).toMatchObject({
      lifecycle: { precondition: [{ condition: "${length(local.smaller_disks) == 0}" }] },
    });
    expect(terraform.locals.smaller_disks).toMatch(/^\$\{\[for g in \[proxmox_virtual_environment_container\.web\] :/);
    expect(terraform.data.proxmox_files).toEqual({
      "volumes_pve1_local-lvm": expect.objectContaining({ content_type: "rootdir", node_name: "pve1" }),
    });
  });

  it("no cpu default is sent for an adopted guest's template, which would replace it", () => {
    const terraform = plainLxc({ adopt: true });
    expect(terraform.import).toEqual([
      { to: "proxmox_virtual_environment_container.web", id: "pve1/301", provider: "proxmox.root" },
    ]);
    expect(container(terraform).lifecycle).toMatchObject({
      ignore_changes: expect.arrayContaining(["operating_system"]),
    });
  });
});

describe("root-only options", () => {
  const routed: readonly [string, Partial<TieredLxcProps>, string][] = [
    ["a device", { devices: [{ path: "/dev/dri/renderD128" }] }, "devices /dev/dri/renderD128"],
    ["a bind mount", { mounts: [{ kind: "bind", source: "/srv", path: "/srv" }] }, "mounts /srv"],
    ["a hook script", { hookScript: "local:snippets/hook.pl" }, "hookScript"],
    ["keyctl", { features: { keyctl: true } }, "features.keyctl"],
    ["nesting on a privileged container", { unprivileged: false, features: { nesting: true } }, "features.nesting"],
  ];

  it.each(routed)("%s is routed to the root provider, and the guest says why", (_, changes, option) => {
    const stack = new TestStack();
    const guest = new TieredLxc(stack, "web", stack.props(changes));
    expect(guest.rootOnly.map((each) => each.option)).toEqual([option]);
    expect(guest.rootOnly[0]?.reason).toContain("root@pam");
    expect(container(stack.synth()).provider).toBe("proxmox.root");
  });

  it.each<[string, Partial<TieredLxcProps>]>([
    ["a plain guest", {}],
    ["nesting on an unprivileged container", { features: { nesting: true } }],
    ["a volume", { mounts: [VOLUME] }],
    ["a privileged container without features", { unprivileged: false }],
  ])("%s stays with the token, and no root provider exists", (_, changes) => {
    const terraform = plainLxc(changes);
    expect(container(terraform)).not.toHaveProperty("provider");
    expect(terraform.provider.proxmox).toHaveLength(1);
    expect(terraform.variable).not.toHaveProperty("proxmox_root_password");
  });

  it("a privileged container without features has no features block, for even `false` is refused there", () => {
    expect(container(plainLxc({ unprivileged: false }))).not.toHaveProperty("features");
  });
});
