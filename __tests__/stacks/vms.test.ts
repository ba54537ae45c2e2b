import { Testing } from "cdktf";
import { formatProblem } from "../../model/problem";
import { allRoles } from "../../provision/registry";
import { LabStack } from "../../stacks/lab-stack";
import { labSteps } from "../../stacks/lab-steps";
import { hosts, type LabFiles, load, removeLabFolders, SOUND } from "../support/lab-folder";
import { addresses, decoded, type Terraform } from "../support/synth";

afterAll(removeLabFolders);

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpWwdfnWc3rHIIkfOJYM2F4GZbMqZ3mBTLLVn1bU7iV operator";
const vm = (...lines: readonly string[]) =>
  ["proxmox_vm:", "  cores: 2", "  memory: 4096", "  disk: 32", ...lines.map((line) => `  ${line}`), ""].join("\n");
const CLOUD = `cloud_init: { image: debian-13, ssh_keys: ["${KEY}"] }`;
const VMS: LabFiles = {
  "hosts.yml": hosts({
    guests: ["web", "homeassistant", "other"],
    docker_hosts: ["docker"],
    vms: ["docker", "second", "gaming"],
  }),
  "host_vars/pve1.yml": SOUND["host_vars/pve1.yml"]!.replace("[vztmpl, iso]", "[vztmpl, iso, import]"),
  "host_vars/homeassistant.yml": vm("vmid: 100", 'haos: { version: "16.3" }', "networks: [{ ip: 192.168.1.60 }]"),
  "host_vars/other.yml": vm("vmid: 104", 'haos: { version: "16.3" }', "networks: [{ ip: 192.168.1.64 }]"),
  "host_vars/docker.yml": vm(
    "vmid: 101",
    CLOUD,
    "networks: [{ ip: 192.168.1.61 }]",
    "description: 'costs ${5} and %{6}'",
  ),
  "host_vars/second.yml": vm("vmid: 105", CLOUD, "networks: [{ ip: 192.168.1.65 }]"),
  "host_vars/gaming.yml": vm("vmid: 102", 'windows: { iso: "local:iso/W.iso" }', "networks: []", "started: false"),
};
const ROLES = allRoles().filter(({ name }) => ["base", "cloud-init", "docker"].includes(name));

function built() {
  const result = load(VMS, ROLES);
  if (!result.lab) throw new Error(result.problems.map(formatProblem).join("\n"));
  return result.lab;
}

const synth = (): Terraform => JSON.parse(Testing.synth(new LabStack(Testing.app(), built()), true));

it("VMs have public Terraform addresses, whatever system is in them", () => {
  const named = addresses(synth()).filter(
    (address) => !address.startsWith("data.") && !address.startsWith("terraform_data"),
  );
  expect(named).toEqual(
    [
      "null_resource.docker_base",
      "null_resource.docker_cloud-init",
      "null_resource.docker_docker",
      "null_resource.gaming_discs",
      "null_resource.pve1_hardware",
      "null_resource.pve1_image-local-haos-ova-16-3-qcow2",
      "null_resource.second_base",
      "null_resource.second_cloud-init",
      "null_resource.web_base",
      "proxmox_download_file.pve1_image-local-debian-13-genericcloud-amd64-20260914-2601-qcow2",
      "proxmox_download_file.template-pve1-local-debian-13-standard-13-6-1-amd64-tar-zst",
      "proxmox_virtual_environment_container.web",
      "proxmox_virtual_environment_vm.docker",
      "proxmox_virtual_environment_vm.gaming",
      "proxmox_virtual_environment_vm.homeassistant",
      "proxmox_virtual_environment_vm.other",
      "proxmox_virtual_environment_vm.second",
    ].sort(),
  );
});

it("text of the inventory stays text", () => {
  const { resource } = synth();
  expect(resource.proxmox_virtual_environment_vm?.docker?.description).toBe("costs $${5} and %%{6}");
});

it("shows them in the table of guests", () => {
  expect(decoded(synth().output.guests?.value)).toMatchObject({
    docker: { vmid: 101, address: "192.168.1.61/24", roles: "cloud-init, base, docker" },
    gaming: { roles: "none while it is not started" },
  });
});

it("lab drift logs in to VMs through their node", () => {
  const steps = labSteps({ lab: built() }).filter(({ host }) => host === "docker");
  expect(steps.map(({ role }) => role)).toEqual(["cloud-init", "base", "docker"]);
  expect(steps[0]).toMatchObject({
    login: { host: "192.168.1.61", port: 22, user: "debian", through: { host: "192.168.1.10", user: "root" } },
    enter: "sudo -n",
  });
});

it("an image is downloaded once the storage that the lab makes for it is there", () => {
  const all = `${SOUND["group_vars/all.yml"]}
proxmox_storages: { images: { type: dir, path: /srv/images, content: [import] } }
proxmox_image_storage: images
`;
  const { lab, problems } = load({ ...VMS, "group_vars/all.yml": all }, ROLES);
  if (!lab) throw new Error(problems.map(formatProblem).join("\n"));
  const { resource }: Terraform = JSON.parse(Testing.synth(new LabStack(Testing.app(), lab), true));
  const images = [
    ...Object.entries(resource.proxmox_download_file ?? {}),
    ...Object.entries(resource.null_resource ?? {}),
  ].filter(([name]) => name.includes("image-images"));
  expect(images).toHaveLength(2);
  for (const [, image] of images) expect(image.depends_on).toEqual(["proxmox_storage_directory.images"]);
});
