import { Testing } from "cdktf";
import type { ContainerGuest, Lab } from "../../model/lab";
import { LabError } from "../../stacks/lab-error";
import { LabStack } from "../../stacks/lab-stack";
import { guest, lab, node } from "../support/lab";
import { addresses, container, decoded, type Terraform } from "../support/synth";

function synth(changes: Partial<Lab> = {}): Terraform {
  return JSON.parse(Testing.synth(new LabStack(Testing.app(), lab(changes)), true));
}

function web(changes: Partial<ContainerGuest> = {}): { readonly [argument: string]: unknown } {
  return container(synth({ guests: [guest(changes)] }));
}

const step = (role: string, more: object = {}) => ({ role, after: [], settings: {}, secrets: {}, ...more });
const docker = { kind: "docker", features: { nesting: true }, step: step("docker", { after: ["base"] }) } as const;

describe("a guest of the model", () => {
  it("becomes a container with the same sizes, on its node, from the lab's template", () => {
    const terraform = synth();
    expect(container(terraform)).toMatchObject({
      node_name: "pve1",
      vm_id: 301,
      cpu: { cores: 2 },
      memory: { dedicated: 2048, swap: 0 },
      disk: { size: 8, datastore_id: "local-lvm" },
      initialization: {
        hostname: "web",
        ip_config: [{ ipv4: { address: "192.168.1.51/24", gateway: "192.168.1.1" } }],
      },
      network_interface: [{ name: "eth0", bridge: "vmbr0" }],
      tags: ["lab-lab"],
    });
    expect(Object.values(terraform.resource.proxmox_download_file ?? {})).toMatchObject([
      { node_name: "pve1", datastore_id: "local", checksum_algorithm: "sha512" },
    ]);
  });

  it("shares a template with the others of its node", () => {
    const nodes = [node(), node({ name: "pve2" })];
    const guests = ["pve1", "pve1", "pve2"].map((name, index) =>
      guest({ name: `g${index}`, vmid: 301 + index, node: name, nics: [] }),
    );
    expect(Object.keys(synth({ nodes, guests }).resource.proxmox_download_file ?? {})).toHaveLength(2);
  });

  it("uses a template that is there already without downloading anything", () => {
    const terraform = synth({
      guests: [guest({ os: { kind: "volume", volume: "local:vztmpl/x.tar.zst", osType: "alpine" } })],
    });
    expect(container(terraform).operating_system).toEqual({
      template_file_id: "local:vztmpl/x.tar.zst",
      type: "alpine",
    });
    expect(terraform.resource).not.toHaveProperty("proxmox_download_file");
  });

  it("is reached only through the node whose host key the inventory states", () => {
    const sshHostKey = "ssh-ed25519 AAAAC3Nz";
    const terraform = synth({ nodes: [node({ sshHostKey })], guests: [guest({ steps: [step("base")] })] });
    const steps = Object.values(terraform.resource.null_resource ?? {});
    expect(steps.length).toBeGreaterThan(0);
    for (const { connection } of steps) expect(connection).toMatchObject({ host_key: sshHostKey });
  });

  it("gets what its capabilities add", () => {
    const gpu = {
      kind: "gpu",
      gpus: [{ gpu: "gpu0", exclusive: false }],
      devices: [{ path: "/dev/nvidia0", denyWrite: false }],
    } as const;
    expect(web({ capabilities: [docker, gpu] })).toMatchObject({
      features: { nesting: true },
      device_passthrough: [{ path: "/dev/nvidia0" }],
      provider: "proxmox.root",
    });
  });

  it("a flag off by default does not contradict a capability, one turned off by hand does", () => {
    const by = guest().source.at;
    expect(() => web({ capabilities: [docker] })).not.toThrow();
    expect(() => web({ capabilities: [docker], source: { at: by, of: { "features.nesting": by } } })).toThrow(
      /features\.nesting/,
    );
  });

  it("runs its roles in order, secrets by reference", () => {
    const guests = [
      guest({ steps: [step("base", { secrets: { root_password: "root_password" } })], capabilities: [docker] }),
    ];
    const { resource, variable } = synth({ guests, secrets: [{ name: "root_password", usedBy: [] }] });
    expect(resource.null_resource?.web_docker?.depends_on).toEqual(["null_resource.web_base"]);
    expect(JSON.stringify(resource.null_resource?.web_base)).toContain("var.root_password");
    expect(variable.root_password).toMatchObject({ sensitive: true, type: "string" });
  });
});

describe("packages of later steps", () => {
  const first = (ahead: object) => {
    const capabilities = [{ ...docker, step: step("docker", { after: ["base"], ...ahead }) }];
    const { resource } = synth({ guests: [guest({ capabilities, steps: [step("base")] })] });
    return JSON.stringify(resource.null_resource?.web_base);
  };

  it("are for the step base, where the role says so", () => {
    expect(first({ ahead: true })).toContain("${local.step_role_docker.ahead}");
    expect(first({})).not.toContain("step_role_docker");
  });
});

describe("text from the inventory", () => {
  it("is never code for Terraform, wherever it stands", () => {
    const evil = '${file("/etc/passwd")}%{ for x in y }';
    const terraform = synth({
      guests: [
        guest({
          description: evil,
          pool: evil,
          rebuild: evil,
          hookScript: evil,
          environment: { [evil]: evil },
          mounts: [
            {
              kind: "bind",
              source: `/${evil}`,
              path: `/${evil}`,
              readOnly: false,
              backup: false,
              replicate: true,
              shared: false,
              quota: false,
              options: [evil],
            },
          ],
          steps: [step("base", { settings: { motd: evil } })],
        }),
      ],
    });
    const unescaped = JSON.stringify(terraform).replaceAll(/\$\$\{|%%\{/g, "");
    expect(unescaped).not.toMatch(/\$\{file\(\\"\/etc|%\{ for x/);
  });
});

describe("nodes", () => {
  it("guests wait for what is done to their node", () => {
    const terraform = synth({ nodes: [node({ steps: [step("base")] })] });
    expect(container(terraform).depends_on).toContain("null_resource.pve1_base");
  });

  it("inactive ones are absent", () => {
    const terraform = synth({ nodes: [node(), node({ name: "pve2", active: false, steps: [step("base")] })] });
    expect(terraform.provider.proxmox?.[0]?.ssh).toMatchObject({ node: [{ name: "pve1" }] });
    expect(addresses(terraform).filter((address) => address.includes("pve2"))).toEqual([]);
    expect(JSON.stringify(terraform.provider)).not.toContain("pve2");
  });
});

describe("warnings", () => {
  const warning = { rule: "memory-promised", severity: "warning", message: "pve1: ${promised} 40 of 32 GiB" } as const;

  it("stay in every plan as failed assertions of a check", () => {
    const stack = new LabStack(Testing.app(), lab(), [warning]);
    const terraform: Terraform = JSON.parse(Testing.synth(stack, true));
    expect(terraform.check?.inventory?.assert).toEqual([
      { condition: "${local.inventory_warnings == 0}", error_message: "pve1: $${promised} 40 of 32 GiB" },
    ]);
  });

  it("leave no trace where there are none", () => {
    expect(synth()).not.toHaveProperty("check");
  });
});

describe("mistakes", () => {
  it("of all guests are reported, with the place of each", () => {
    const guests = [guest({ name: "a", memoryMiB: 1 }), guest({ name: "b", vmid: 302, node: "pve9" })];
    let found: unknown;
    try {
      synth({ guests });
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(LabError);
    expect(found instanceof LabError && found.problems).toMatchObject([
      { subject: "a", at: { line: 7 }, message: expect.stringContaining("memoryMiB") },
      {
        ...{ subject: "b", at: { line: 7 }, message: 'node: expected an active one of the lab (pve1), got "pve9"' },
        fix: expect.stringContaining("name one of them"),
      },
    ]);
  });
});

it("shows a table of its guests", () => {
  const { output } = synth({
    guests: [guest(), guest({ name: "off", vmid: 302, nics: [], started: false, steps: [step("base")] })],
  });
  expect(decoded(output.guests?.value)).toMatchObject({
    web: { vmid: 301, node: "pve1", address: "192.168.1.51/24", memory_mib: 2048 },
    off: { roles: "none while it is not started" },
  });
});

it("has public Terraform addresses", () => {
  const guests = [guest({ capabilities: [docker], steps: [step("base")], pool: "p" })];
  expect(addresses(synth({ guests }))).toEqual([
    "data.proxmox_files.volumes_pve1_local-lvm",
    "data.proxmox_virtual_environment_containers.all",
    "data.proxmox_virtual_environment_vms.all",
    "null_resource.pve1_hardware",
    "null_resource.web_base",
    "null_resource.web_docker",
    "proxmox_download_file.template-pve1-local-debian-13-tar-zst",
    "proxmox_pool_membership.web",
    "proxmox_virtual_environment_container.web",
    "terraform_data.disk_guard",
    "terraform_data.rebuilds",
    "terraform_data.vmid_guard",
    "terraform_data.vmids",
  ]);
});

it("takes hosts by any name", () => {
  for (const name of ["guard", "proxmox", "null", "guests", "backend", "warnings", "all", "vmids"]) {
    expect(() => synth({ guests: [guest({ name })] })).not.toThrow();
  }
});
