import { TieredLxc } from "../../constructs/tiered-lxc";
import { NIC, plainLxc, VOLUME } from "../support/lxc";
import { addresses, container, type Terraform, TestStack } from "../support/synth";

describe("what a container is given", () => {
  it("carries sizes, place and name", () => {
    expect(container(plainLxc({ nics: [NIC] }))).toMatchObject({
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
    const { dns } = container(plainLxc({ dnsDomain: "example.internal" })).initialization as { dns: object };
    expect(dns).toEqual({ domain: "example.internal" });
  });

  it("has several network cards, with VLAN, MTU, MAC, rate limit and IPv6", () => {
    const web = container(
      plainLxc({
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
      plainLxc({
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
    const plain = container(plainLxc());
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

describe("steps", () => {
  const roles = (terraform: Terraform) => Object.keys(terraform.resource.null_resource ?? {}).sort();

  it("runs base first, then each after the one before", () => {
    const { resource } = plainLxc({ steps: [{ role: "docker" }, { role: "base" }] });
    expect(resource.null_resource?.web_docker?.depends_on).toEqual(["null_resource.web_base"]);
    expect(resource.null_resource?.web_base).not.toHaveProperty("depends_on");
  });

  it("runs roles after those that they name", () => {
    const stack = new TestStack();
    const steps = [{ role: "docker", after: ["hardware", "base"] }, { role: "base" }];
    expect(new TieredLxc(stack, "web", stack.props({ steps })).roles).toEqual(["base", "docker"]);
  });

  it("waits with a guest that is not started, because nothing can be run inside it", () => {
    const stopped = plainLxc({ started: false, steps: [{ role: "base" }] });
    expect(roles(stopped)).toEqual([]);
    expect(container(stopped)).toMatchObject({ started: false, start_on_boot: false });
  });

  it("keeps a secret out of the JSON", () => {
    const step = { role: "base", secrets: { wg_key: "${var.wg_key}" } };
    expect(JSON.stringify(plainLxc({ steps: [step] }))).toContain("var.wg_key");
  });
});

it("has public Terraform addresses", () => {
  expect(addresses(plainLxc({ pool: "p", mounts: [VOLUME], steps: [{ role: "base" }] }))).toEqual([
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
