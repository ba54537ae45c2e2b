import { join } from "node:path";
import { loadLab } from "../../model";
import type { ContainerGuest } from "../../model/lab";
import { formatProblem } from "../../model/problem";

describe("the lab tiers", () => {
  const result = loadLab("tiers", { cwd: join(__dirname, "../..") });
  const guests = new Map((result.lab?.guests ?? []).map((guest) => [guest.name, guest as ContainerGuest]));

  it("has no problem", () => {
    expect(result.problems.map(formatProblem)).toEqual([]);
  });

  it.each([
    ["codeserver", 301, "small_servers", 2, 2048, 8, ["docker", "service-agents"]],
    ["frontend", 302, "small_servers", 2, 2048, 8, ["docker", "service-agents"]],
    ["media", 303, "medium_servers", 4, 8192, 8, ["docker", "gpu", "service-agents"]],
    ["jellyfin", 304, "large_servers", 8, 32768, 8, ["docker", "gpu"]],
  ])("%s: %d %s, %d cores, %d MiB, %d GiB, %j", (name, vmid, tier, cores, memoryMiB, diskGiB, capabilities) => {
    const guest = guests.get(name);
    expect(guest).toMatchObject({
      kind: "container",
      vmid,
      tier,
      cores,
      memoryMiB,
      diskGiB,
      hostname: name,
      node: "pve1",
    });
    expect(guest?.capabilities.map(({ kind }) => kind)).toEqual(capabilities);
  });

  it("has one exception, with its reason", () => {
    const exceptions = [...guests.values()].flatMap((guest) =>
      guest.exceptions.map((e) => ({ guest: guest.name, ...e })),
    );
    expect(exceptions).toEqual([
      { guest: "jellyfin", key: "memory", tierValue: 16384, value: 32768, reason: expect.stringMatching(/\S/) },
    ]);
  });

  it("downloads Debian 13 with its checksum", () => {
    expect(guests.get("media")?.os).toMatchObject({ kind: "download", osType: "debian", checksumAlgorithm: "sha512" });
  });

  it("knows four tiers and four functional groups", () => {
    const named = (kind: string) => result.lab?.groups.filter((group) => group.kind === kind).map(({ name }) => name);
    expect(named("tier")).toEqual(["tiny_servers", "small_servers", "medium_servers", "large_servers"]);
    expect(named("functional")).toEqual(["docker_hosts", "gpu_access", "wireguard_hosts", "service_agents"]);
    expect(result.lab?.groups.find(({ name }) => name === "wireguard_hosts")?.hosts).toEqual([]);
  });

  it("tells where a referring value was written", () => {
    expect(guests.get("media")?.source.of.memory).toMatchObject({
      file: "inventory/tiers/host_vars/media.yml",
      line: 6,
    });
  });
});
