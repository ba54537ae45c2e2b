import type { ContainerGuest } from "../../model/lab";
import { told } from "../support/lab-folder";
import { changed, labOf, removeFolders } from "./lab-of";

afterAll(removeFolders);

const { load, terraform } = labOf("ai");
const lab = load.lab!;
const node = (name: string) => lab.nodes.find((each) => each.name === name)!;
const guest = (name: string) => lab.guests.find((each) => each.name === name) as ContainerGuest;
const containers = terraform.resource.proxmox_virtual_environment_container ?? {};

describe("the lab ai", () => {
  it("has its nodes where they are, of which the cluster is described and not active", () => {
    const places = lab.nodes.map(({ active, address, name }) => [name, address, active]);
    expect(places.sort()).toEqual([
      ["frege", "10.203.3.11", false],
      ["rawls", "10.203.3.47", true],
      ["russell", "10.203.3.12", false],
      ["socrates", "10.203.3.42", true],
      ["wittgenstein", "10.203.3.13", false],
    ]);
    const [network] = lab.networks;
    expect(network).toMatchObject({ cidr: "10.203.3.0/24", gateway: "10.203.3.1" });
  });

  it("keeps nodes that are not active out of Terraform", () => {
    for (const name of ["frege", "russell", "wittgenstein"])
      expect(JSON.stringify({ ...terraform, resource: { ...terraform.resource, null_resource: {} } })).not.toContain(
        name,
      );
  });

  it.each([
    ["gitlab", "10.203.3.184", "rawls"],
    ["dns", "10.203.3.201", "rawls"],
    ["netbox", "10.203.3.202", "rawls"],
    ["ai-gpu0", "10.203.3.203", "socrates"],
    ["ai-gpu1", "10.203.3.204", "socrates"],
    ["ai-unified", "10.203.3.205", "socrates"],
  ])("has %s at %s on %s", (name, address, nodeName) => {
    expect(containers[name]).toMatchObject({
      node_name: nodeName,
      started: name !== "ai-unified",
      initialization: { ip_config: [{ ipv4: { address: `${address}/24`, gateway: "10.203.3.1" } }] },
    });
  });

  it("gives each card of Socrates to one running container, and both to the stopped one", () => {
    expect(node("socrates").gpus).toMatchObject([
      { model: "Tesla P40", memoryMiB: 24576 },
      { model: "Tesla P40", memoryMiB: 24576 },
    ]);
    const cards = (name: string) => guest(name).capabilities.flatMap((each) => (each.kind === "gpu" ? each.gpus : []));
    expect(cards("ai-gpu0").map(({ gpu }) => gpu)).toEqual(["gpu0"]);
    expect(cards("ai-gpu1").map(({ gpu }) => gpu)).toEqual(["gpu1"]);
    expect(cards("ai-unified").map(({ gpu }) => gpu)).toEqual(["gpu0", "gpu1"]);
    const paths = JSON.stringify(containers["ai-gpu1"]?.device_passthrough);
    expect(paths).toContain("/dev/nvidia1");
    expect(paths).not.toContain("/dev/nvidia0");
  });

  it("reports both double claims as errors once the container with both cards is to run", () => {
    const result = changed("ai", "host_vars/ai-unified.yml", "started: false", "started: true");
    expect(result.lab).toBeUndefined();
    const claims = told(result, "gpu-claimed-twice");
    expect(claims).toHaveLength(2);
    for (const [index, name] of ["ai-gpu0", "ai-gpu1"].entries()) {
      expect(claims[index]).toMatch(
        new RegExp(`error.*gpu${index}.*${name} has the card|${name} has the card gpu${index}`),
      );
      expect(claims[index]).toContain("ai-unified");
    }
  });

  it("runs the services of the third layer, each in its container", () => {
    const apps = (name: string) =>
      guest(name)
        .steps.filter(({ role }) => role === "compose-app")
        .flatMap(({ settings }) => (settings.compose_apps as readonly { name: string }[]).map((app) => app.name));
    expect(apps("ai-gpu0")).toEqual(["ollama"]);
    expect(apps("ai-gpu1")).toEqual(["ollama", "karakeep"]);
    expect(apps("gitlab")).toEqual(["gitlab"]);
    expect(apps("netbox")).toEqual(["netbox"]);
  });

  it("answers for every host by name, the cluster's nodes, the backup server and the router included", () => {
    const step = guest("dns").steps.find(({ role }) => role === "dns");
    const zones = JSON.stringify(step?.settings.dns_zone_files);
    for (const record of [
      "gitlab IN A 10.203.3.184",
      "git IN CNAME gitlab",
      "plato IN A 10.203.3.97",
      "frege IN A 10.203.3.11",
      "router IN A 10.203.3.1",
      "203 IN PTR ai-gpu0.lab.home.arpa.",
    ])
      expect(zones).toContain(record);
  });

  it("backs every container up to the backup server at night", () => {
    const { proxmox_backup_job: jobs, proxmox_storage_pbs: servers } = terraform.resource;
    expect(servers?.plato).toMatchObject({ server: "10.203.3.97", nodes: ["socrates", "rawls"], content: ["backup"] });
    expect(jobs?.nightly).toMatchObject({ storage: "plato", vmid: ["184", "201", "202", "203", "204", "205"] });
  });

  it("keeps every secret out of the stack", () => {
    for (const name of ["karakeep_nextauth_secret", "gitlab_root_password", "netbox_secret_key"])
      expect(terraform.variable[name]).toMatchObject({ sensitive: true });
  });
});
