import type { TieredLxcProps } from "../../constructs/lxc-props";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { addresses, container, type Terraform, TestStack } from "../support/synth";

/** A stack with the one guest `web`. */
function synth(changes: Partial<TieredLxcProps> = {}): Terraform {
  const stack = new TestStack();
  new TieredLxc(stack, "web", stack.props(changes));
  return stack.synth();
}

function problems(changes: Partial<TieredLxcProps>): string {
  const stack = new TestStack();
  let message = "";
  try {
    new TieredLxc(stack, "web", stack.props(changes));
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
  }
  return message;
}

const NIC = { name: "eth0", bridge: "vmbr0", address: "192.168.1.51/24", gateway: "192.168.1.1" };
const VOLUME = { kind: "volume", path: "/data", storage: "local-lvm", sizeGiB: 10 } as const;

describe("what a container is given", () => {
  it("carries sizes, place and name", () => {
    expect(container(synth({ nics: [NIC] }))).toMatchObject({
      vm_id: 301,
      node_name: "pve1",
      cpu: { cores: 2 },
      memory: { dedicated: 2048 },
      disk: { datastore_id: "local-lvm", size: 8 },
      operating_system: { template_file_id: "local:vztmpl/debian-13.tar.zst", type: "debian" },
      initialization: {
        hostname: "web",
        ip_config: [{ ipv4: { address: "192.168.1.51/24", gateway: "192.168.1.1" } }],
      },
    });
  });

  it("has a search domain without servers: the provider refuses an empty list", () => {
    const { dns } = container(synth({ dnsDomain: "example.internal" })).initialization as { dns: object };
    expect(dns).toEqual({ domain: "example.internal" });
  });

  it("has several network cards, with VLAN, MTU, MAC, rate limit and IPv6", () => {
    const web = container(
      synth({
        nics: [
          NIC,
          {
            name: "eth1",
            bridge: "vmbr1",
            vlan: 20,
            mtu: 9000,
            mac: "BC:24:11:00:00:01",
            rateLimitMBps: 12.5,
            address6: "auto",
          },
          { name: "eth2", bridge: "vmbr2", firewall: true },
        ],
      }),
    );
    expect(web.network_interface).toEqual([
      { name: "eth0", bridge: "vmbr0", enabled: true, firewall: false },
      {
        name: "eth1",
        bridge: "vmbr1",
        enabled: true,
        firewall: false,
        vlan_id: 20,
        mtu: 9000,
        mac_address: "BC:24:11:00:00:01",
        rate_limit: 12.5,
      },
      { name: "eth2", bridge: "vmbr2", enabled: true, firewall: true },
    ]);
    expect(web.initialization).toMatchObject({ ip_config: [{}, { ipv6: { address: "auto" } }] });
  });

  it("has DNS, start order, console, environment and CPU limits where they are asked for, and only there", () => {
    const asked = container(
      synth({
        dnsDomain: "example.internal",
        dnsServers: ["192.168.1.1"],
        startupOrder: 2,
        startupUpDelaySeconds: 30,
        console: { enabled: true, ttyCount: 1, type: "shell" },
        environment: { TZ: "UTC" },
        cpuLimit: 1.5,
        cpuUnits: 200,
      }),
    );
    expect(asked).toMatchObject({
      initialization: { dns: { domain: "example.internal", servers: ["192.168.1.1"] } },
      startup: { order: 2, up_delay: 30 },
      console: { enabled: true, tty_count: 1, type: "shell" },
      environment_variables: { TZ: "UTC" },
      cpu: { cores: 2, limit: 1.5, units: 200 },
    });
    const plain = container(synth());
    for (const block of ["startup", "console", "environment_variables", "hook_script_file_id"])
      expect(plain).not.toHaveProperty(block);
  });

  it("keeps the resource within reach", () => {
    const stack = new TestStack();
    const guest = new TieredLxc(stack, "web", stack.props());
    guest.container.addOverride("timeout_clone", 60);
    expect(container(stack.synth()).timeout_clone).toBe(60);
  });
});

describe("traps of the provider", () => {
  it("defaults are stated, not inherited", () => {
    expect(container(synth({ mounts: [VOLUME], nics: [NIC] }))).toMatchObject({
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
    expect(container(synth()).tags).toEqual(["lab-lab"]);
  });

  it("tags are sorted, as Proxmox VE stores them", () => {
    expect(container(synth({ tags: ["web", "a"] })).tags).toEqual(["a", "lab-lab", "web"]);
  });

  it("cores are always written, because a limit without them cannot be read back", () => {
    expect(container(synth({ cpuLimit: 0.5 })).cpu).toEqual({ cores: 2, limit: 0.5 });
  });

  it("keys and passwords are never on the container, because changing them replaces it", () => {
    expect(JSON.stringify(container(synth()))).not.toMatch(/user_account|password|keys/);
  });

  it("a new template, mount or device does not replace a guest that exists", () => {
    expect(container(synth()).lifecycle).toMatchObject({
      ignore_changes: ["operating_system", "mount_point", "device_passthrough", "console"],
    });
  });

  it("a console that is not stated is left alone, because the provider would reboot the guest for it", () => {
    const stated = synth({ console: { enabled: true, ttyCount: 2, type: "tty" } });
    expect(JSON.stringify(container(stated).lifecycle)).not.toContain("console");
    expect(JSON.stringify(container(synth()).lifecycle)).toContain("console");
  });

  it("mounts and devices of a guest that exists are changed on its node, in a step that the plan shows", () => {
    const step = (sizeGiB: number) =>
      synth({ mounts: [{ ...VOLUME, sizeGiB }], devices: [{ path: "/dev/net/tun" }] }).resource.null_resource
        ?.web_hardware;
    expect(step(10)).toBeDefined();
    expect(step(10)?.triggers).toEqual(step(10)?.triggers);
    expect(step(20)?.triggers).not.toEqual(step(10)?.triggers);
  });

  it("the pool is joined by a membership, because pool_id replaces the guest", () => {
    const terraform = synth({ pool: "production" });
    expect(container(terraform)).not.toHaveProperty("pool_id");
    expect(Object.values(terraform.resource.proxmox_pool_membership ?? {})).toEqual([
      { pool_id: "production", vm_id: "${tonumber(proxmox_virtual_environment_container.web.id)}" },
    ]);
  });

  it("a protected guest is protected from Terraform too", () => {
    expect(container(synth({ protection: true }))).toMatchObject({
      protection: true,
      lifecycle: { prevent_destroy: true },
    });
    expect(container(synth()).lifecycle).not.toHaveProperty("prevent_destroy");
  });

  it("a guest is rebuilt when its own entry changes, and only a guest that asks for it can be", () => {
    const terraform = synth({ rebuild: "2025-01" });
    expect(container(terraform).lifecycle).toMatchObject({
      replace_triggered_by: ['terraform_data.rebuilds.input["web"]'],
    });
    expect(terraform.locals.rebuilds).toMatchObject({ web: "2025-01" });
    expect(container(synth()).lifecycle).not.toHaveProperty("replace_triggered_by");
  });

  it("the entries for rebuilds exist before any is asked for, or the first would go unseen", () => {
    expect(Object.keys(synth().locals.rebuilds ?? {})).toEqual([""]);
  });

  it("a disk smaller than its volume is refused at the plan", () => {
    const terraform = synth();
    expect(terraform.resource.terraform_data?.disk_guard).toMatchObject({
      lifecycle: { precondition: [{ condition: "${length(local.smaller_disks) == 0}" }] },
    });
    expect(terraform.locals.smaller_disks).toMatch(/^\$\{\[for g in \[proxmox_virtual_environment_container\.web\] :/);
    expect(terraform.data.proxmox_files).toEqual({
      "volumes_pve1_local-lvm": expect.objectContaining({ content_type: "rootdir", node_name: "pve1" }),
    });
  });

  it("no cpu default is sent for an adopted guest's template, which would replace it", () => {
    const terraform = synth({ adopt: true });
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
    const terraform = synth(changes);
    expect(container(terraform)).not.toHaveProperty("provider");
    expect(terraform.provider.proxmox).toHaveLength(1);
    expect(terraform.variable).not.toHaveProperty("proxmox_root_password");
  });

  it("a privileged container without features has no features block, for even `false` is refused there", () => {
    expect(container(synth({ unprivileged: false }))).not.toHaveProperty("features");
  });
});

describe("steps", () => {
  const roles = (terraform: Terraform) => Object.keys(terraform.resource.null_resource ?? {}).sort();

  it("runs base first, then each after the one before", () => {
    const { resource } = synth({ steps: [{ role: "docker" }, { role: "base" }] });
    expect(resource.null_resource?.web_docker?.depends_on).toEqual(["null_resource.web_base"]);
    expect(resource.null_resource?.web_base).not.toHaveProperty("depends_on");
  });

  it("runs roles after those that they name", () => {
    const stack = new TestStack();
    const steps = [{ role: "docker", after: ["hardware", "base"] }, { role: "base" }];
    expect(new TieredLxc(stack, "web", stack.props({ steps })).roles).toEqual(["base", "docker"]);
  });

  it("waits with a guest that is not started, because nothing can be run inside it", () => {
    const stopped = synth({ started: false, steps: [{ role: "base" }] });
    expect(roles(stopped)).toEqual([]);
    expect(container(stopped)).toMatchObject({ started: false, start_on_boot: false });
  });

  it("keeps a secret out of the JSON", () => {
    const step = { role: "base", secrets: { wg_key: "${var.wg_key}" } };
    expect(JSON.stringify(synth({ steps: [step] }))).toContain("var.wg_key");
  });
});

describe("wrong props", () => {
  it("reports all of them, with the path of the construct", () => {
    expect(problems({ memoryMiB: 2.5, vmid: 99, tags: ["Web Server"] }).split("\n")).toEqual([
      "[lab/web] vmid: expected a whole number from 100 to 999999999, got 99; write 100",
      "[lab/web] memoryMiB: expected a whole number of 16 or more, got 2.5; write 16",
      '[lab/web] tags: expected lower-case letters, digits, "_", ".", "+" and "-", got "Web Server"; write "web-server"',
    ]);
  });

  it.each<[string, Partial<TieredLxcProps>, RegExp]>([
    ["a host name with an underscore", { hostname: "web_1" }, /hostname: expected DNS labels/],
    [
      "a gateway with dhcp",
      { nics: [{ ...NIC, address: "dhcp" }] },
      /nics\[0\]\.gateway: expected only with a static address/,
    ],
    [
      "an IPv6 gateway with auto",
      { nics: [{ name: "eth0", bridge: "b", address6: "auto", gateway6: "fe80::1" }] },
      /gateway6/,
    ],
    ["a card without address before one that has", { nics: [{ name: "a", bridge: "b" }, NIC] }, /move it to the end/],
    ["two cards of one name", { nics: [NIC, NIC] }, /each name once, got "eth0" twice/],
    ["eleven cards", { nics: Array.from({ length: 11 }, (_, i) => ({ name: `e${i}`, bridge: "b" })) }, /at most 10/],
    ["a VLAN out of range", { nics: [{ ...NIC, vlan: 4095 }] }, /nics\[0\]\.vlan/],
    ["two mounts in one place", { mounts: [VOLUME, VOLUME] }, /each path once/],
    ["a relative mount", { mounts: [{ ...VOLUME, path: "data" }] }, /absolute path/],
    ["a relative bind source", { mounts: [{ kind: "bind", source: "srv", path: "/srv" }] }, /folder of the node/],
    ["a device elsewhere than in /dev", { devices: [{ path: "/etc/passwd" }] }, /under \/dev/],
    ["a device mode that is none", { devices: [{ path: "/dev/x", mode: "rw" }] }, /four octal digits/],
    ["a rebuild of an adopted guest", { adopt: true, rebuild: "1" }, /remove `adopt`/],
    ["a rebuild of a protected guest", { protection: true, rebuild: "1" }, /protection: false/],
    ["delays without an order", { startupUpDelaySeconds: 3 }, /startupOrder/],
    ["a role twice", { steps: [{ role: "base" }, { role: "base" }] }, /each role once, got base twice/],
    [
      "roles in a circle",
      {
        steps: [
          { role: "a", after: ["b"] },
          { role: "b", after: ["a"] },
        ],
      },
      /circle of a, b/,
    ],
  ])("refuses %s", (_, changes, message) => {
    expect(problems(changes)).toMatch(message);
  });

  it("reports two guests with one VMID or one address, all of them", () => {
    const stack = new TestStack();
    for (const name of ["a", "b", "c"]) new TieredLxc(stack, name, stack.props({ nics: [NIC] }));
    expect(() => stack.synth()).toThrow(/VMID 301: expected one guest, got lab\/a and lab\/b and lab\/c/);
    expect(() => stack.synth()).toThrow(/address 192\.168\.1\.51: expected one guest/);
  });
});

it("has public Terraform addresses", () => {
  expect(addresses(synth({ pool: "p", mounts: [VOLUME], steps: [{ role: "base" }] }))).toEqual([
    "data.proxmox_files.volumes_pve1_local-lvm",
    "data.proxmox_virtual_environment_containers.all",
    "data.proxmox_virtual_environment_vms.all",
    "null_resource.web_base",
    "null_resource.web_hardware",
    "proxmox_pool_membership.web",
    "proxmox_virtual_environment_container.web",
    "terraform_data.disk_guard",
    "terraform_data.rebuilds",
    "terraform_data.vmid_guard",
    "terraform_data.vmids",
  ]);
});
