import type { ContainerGuest } from "../../model/lab";
import { container, hosts, load, removeLabFolders, SOUND, webOf, withNetworks, withNode } from "../support/lab-folder";

afterAll(removeLabFolders);

describe("defaults are stated", () => {
  it("of a container that says nothing", () => {
    expect(webOf()).toMatchObject({
      hostname: "web",
      node: "pve1",
      storage: "local-lvm",
      unprivileged: true,
      swapMiB: 512,
      started: true,
      startOnBoot: true,
      protection: false,
      adopt: false,
      features: { nesting: true, keyctl: false, fuse: false, mknod: false, mount: [] },
      nics: [],
      mounts: [],
      devices: [],
      tags: [],
      environment: {},
    });
  });

  it("a privileged container gets no nesting unasked", () => {
    expect(webOf(["unprivileged: false"]).features.nesting).toBe(false);
  });

  it("a stopped guest does not start with its node", () => {
    expect(webOf(["started: false"])).toMatchObject({ started: false, startOnBoot: false });
    expect(webOf(["started: false", "start_on_boot: true"]).startOnBoot).toBe(true);
  });

  it("a card is called by its place and leaves the firewall off", () => {
    expect(webOf(["networks: [{ ip: dhcp }, { name: lan0, firewall: true }]"]).nics).toMatchObject([
      { name: "eth0", firewall: false },
      { name: "lan0", firewall: true },
    ]);
  });

  it("volumes are backed up, bound directories never", () => {
    const { mounts } = webOf(["mounts: [{ path: /a, storage: local-lvm, size: 8 }, { path: /b, source: /srv }]"]);
    expect(mounts).toMatchObject([
      {
        kind: "volume",
        storage: "local-lvm",
        sizeGiB: 8,
        backup: true,
        replicate: true,
        readOnly: false,
        quota: false,
      },
      { kind: "bind", source: "/srv", backup: false, replicate: false, shared: false },
    ]);
  });

  it("of connection and backend", () => {
    const { lab } = load();
    expect(lab?.connection).toMatchObject({
      endpoint: "https://pve1.example.internal:8006/",
      verifyTls: true,
      sshUser: "root",
    });
    expect(lab?.backend).toEqual({ kind: "local", path: "terraform.lab.tfstate" });
  });
});

describe("networks", () => {
  const dual = withNetworks(
    "  lan: { bridge: vmbr0, vlan: 20, cidr: 192.168.1.0/24, gateway: 192.168.1.1, cidr6: 'fd00::/64', gateway6: 'fd00::1', dns: { servers: [192.168.1.1] } }\n" +
      "  dmz: { bridge: vmbr0, cidr: 10.0.0.0/24, gateway: 10.0.0.1 }\n",
  );

  it("give bridge, VLAN, prefix, gateway and DNS", () => {
    const guest = webOf(["networks: [{ ip: 192.168.1.51, ip6: 'fd00::51' }]"], dual);
    expect(guest.nics).toEqual([
      {
        name: "eth0",
        bridge: "vmbr0",
        network: "lan",
        vlan: 20,
        address: "192.168.1.51/24",
        gateway: "192.168.1.1",
        address6: "fd00::51/64",
        gateway6: "fd00::1",
        firewall: false,
      },
    ]);
    expect(guest.dns).toEqual({ servers: ["192.168.1.1"] });
  });

  it("give a gateway to the first card with a way out only", () => {
    const gateways = (cards: string) => webOf([`networks: [${cards}]`], dual).nics.map((nic) => nic.gateway);
    expect(gateways("{ ip: 192.168.1.51 }, { network: dmz, ip: 10.0.0.51 }")).toEqual(["192.168.1.1", undefined]);
    expect(gateways("{ ip: dhcp }, { network: dmz, ip: 10.0.0.51 }")).toEqual([undefined, undefined]);
    expect(gateways("{ bridge: vmbr0 }, { network: dmz, ip: 10.0.0.51 }")).toEqual([undefined, "10.0.0.1"]);
  });

  it("give way to what the card says itself", () => {
    const [nic] = webOf(["networks: [{ ip: 192.168.1.51/24, vlan: 30, gateway: 192.168.1.254 }]"], dual).nics;
    expect(nic).toMatchObject({ vlan: 30, gateway: "192.168.1.254" });
  });

  it("may have no bridge as long as nobody attaches", () => {
    const { lab, problems } = load(withNetworks("  lan: { bridge: vmbr0 }\n  pods: { cidr: 10.0.0.0/16 }\n"));
    expect(problems).toEqual([]);
    expect(lab?.networks.find((network) => network.name === "pods")).not.toHaveProperty("bridge");
  });
});

describe("mounts", () => {
  it("add up with the lab's, and replace them at the same path", () => {
    const files = {
      "group_vars/guests.yml": "proxmox_default_mounts: [{ path: /a, source: /x }, { path: /b, source: /y }]\n",
    };
    const { mounts } = webOf(["mounts: [{ path: /b/, source: /z }]"], files);
    expect(mounts.map((mount) => mount.kind === "bind" && mount.source)).toEqual(["/x", "/z"]);
  });
});

describe("capabilities", () => {
  const groups = (...names: string[]) => ({
    "hosts.yml": hosts(Object.fromEntries(["guests", ...names].map((name) => [name, ["web"]]))),
  });

  it("docker: brings the group's features, under the container's own", () => {
    const files = {
      ...groups("docker_hosts"),
      "group_vars/docker_hosts.yml": "lxc_features: { keyctl: true, fuse: true }\n",
    };
    const guest = webOf(["features: { fuse: false }"], files);
    expect(guest.features).toMatchObject({ nesting: true, keyctl: true, fuse: false });
    expect(guest.capabilities).toEqual([{ kind: "docker", features: { keyctl: true } }]);
  });

  it("docker: a member that switches it off has none", () => {
    const files = { ...groups("docker_hosts"), "group_vars/docker_hosts.yml": "install_docker: false\n" };
    expect(webOf([], files).capabilities).toEqual([]);
  });

  it("gpu: all cards of the node, or the ones named, with each device file once", () => {
    const files = {
      ...groups("gpu_access"),
      ...withNode("  gpus: { a: { vendor: nvidia }, b: { vendor: nvidia } }\n"),
    };
    const devices = (guest: ContainerGuest) =>
      guest.capabilities.flatMap((capability) =>
        capability.kind === "gpu" ? capability.devices.map(({ path }) => path) : [],
      );
    const shared = ["/dev/nvidiactl", "/dev/nvidia-modeset", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"];
    expect(devices(webOf([], files)).sort()).toEqual(["/dev/nvidia0", "/dev/nvidia1", ...shared].sort());
    expect(devices(webOf(["gpus: [b]"], files)).sort()).toEqual(["/dev/nvidia1", ...shared].sort());
  });

  it("gpu: device files of other makers as stated", () => {
    const files = {
      ...groups("gpu_access"),
      ...withNode("  gpus: { igpu: { vendor: intel, devices: [/dev/dri/renderD128] } }\n"),
    };
    expect(webOf([], files).capabilities).toEqual([
      {
        kind: "gpu",
        gpus: [{ gpu: "igpu", exclusive: false }],
        devices: [{ path: "/dev/dri/renderD128", denyWrite: false }],
      },
    ]);
  });

  it("one guest has as many as it has groups", () => {
    const files = {
      ...groups("docker_hosts", "gpu_access", "wireguard_hosts", "service_agents"),
      ...withNode("  gpus: { a: { vendor: nvidia } }\n"),
    };
    expect(webOf([], files).capabilities.map(({ kind }) => kind)).toEqual([
      "docker",
      "gpu",
      "wireguard",
      "service-agents",
    ]);
  });
});

describe("sources", () => {
  it("name the place of every value, also of defaults and of the network's", () => {
    const { of } = webOf(["networks: [{ ip: 192.168.1.51 }]"]).source;
    expect(of.memory).toMatchObject({ file: "inventory/lab/host_vars/web.yml", line: 5 });
    expect(of["nics.0.address"]).toMatchObject({ file: "inventory/lab/host_vars/web.yml", line: 3 });
    expect(of["nics.0.gateway"]).toMatchObject({ file: "inventory/lab/group_vars/all.yml", line: 8 });
    expect(of.node).toMatchObject({ file: "inventory/lab/group_vars/all.yml", line: 3 });
  });
});

describe("virtual machines", () => {
  it("share what guests share", () => {
    const { lab, problems } = load({
      "host_vars/web.yml":
        "proxmox_vm: { vmid: 100, cores: 2, memory: 4096, disk: 32, bios: ovmf, iso: 'local:iso/a.iso', networks: [] }\n",
    });
    expect(problems).toEqual([]);
    expect(lab?.guests[0]).toMatchObject({
      kind: "vm",
      bios: "ovmf",
      cpu: { type: "x86-64-v2-AES" },
      agent: false,
      started: true,
    });
  });
});

it("guests come in order of their numbers", () => {
  const { lab } = load({
    "hosts.yml": hosts({ guests: ["web", "db"] }),
    "host_vars/web.yml": container("vmid: 302"),
    "host_vars/db.yml": container("vmid: 301"),
  });
  expect(lab?.guests.map(({ name }) => name)).toEqual(["db", "web"]);
});

it("backends", () => {
  const backend = (yaml: string) =>
    load({ "group_vars/all.yml": `${SOUND["group_vars/all.yml"]}terraform_backend: ${yaml}\n` }).lab?.backend;
  expect(backend("{ type: s3, bucket: b, region: r }")).toEqual({
    kind: "s3",
    bucket: "b",
    region: "r",
    key: "lab/terraform.tfstate",
    useLockfile: true,
  });
  expect(backend("{ type: gitlab, address: 'https://git.example', project: '7' }")).toMatchObject({
    kind: "gitlab",
    stateName: "lab",
  });
  expect(backend("{ type: pg }")).toEqual({ kind: "pg", schemaName: "lab" });
  expect(backend("{ type: http, address: 'https://x.example/s' }")).toEqual({
    kind: "http",
    address: "https://x.example/s",
  });
});
