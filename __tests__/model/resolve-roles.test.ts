import { z } from "zod";
import { inOrder, type Role } from "../../provision/registry";
import { defineRole, type RoleDefinition, secret } from "../../provision/role";
import { container, hosts, load, removeLabFolders, told, webOf } from "../support/lab-folder";

afterAll(removeLabFolders);

function role(name: string, changes: Partial<RoleDefinition> = {}): Role {
  return { ...defineRole({ summary: name, group: "all", variables: z.object({}), ...changes }), name };
}

describe("roles", () => {
  const guests = { "hosts.yml": hosts({ guests: ["web"], docker_hosts: ["web"] }) };
  const base = role("base");
  const docker = role("docker", { group: "docker_hosts", after: ["base"], switch: "install_docker" });

  it("a capability's first role belongs to it, the others to the guest", () => {
    const guest = webOf([], guests, inOrder([docker, base]));
    expect(guest.steps).toEqual([{ role: "base", after: [], settings: {}, secrets: {} }]);
    expect(guest.capabilities).toEqual([
      { kind: "docker", features: {}, step: { role: "docker", after: ["base"], settings: {}, secrets: {} } },
    ]);
  });

  it("say of their steps whether packages may be installed ahead, and nothing where not", () => {
    const guest = webOf([], guests, inOrder([{ ...docker, ahead: true }, base, role("vpn", { ahead: true })]));
    expect(guest.capabilities).toMatchObject([{ step: { role: "docker", ahead: true } }]);
    expect(guest.steps).toEqual([
      { role: "base", after: [], settings: {}, secrets: {} },
      { role: "vpn", after: [], ahead: true, settings: {}, secrets: {} },
    ]);
  });

  it("come for members only, and not for a guest that switches them off", () => {
    const only = role("x", { group: "xs", switch: "with_x" });
    expect(webOf([], {}, [only]).steps).toEqual([]);
    const files = (value: string) => ({
      "hosts.yml": hosts({ guests: ["web"], xs: ["web"] }),
      "group_vars/xs.yml": `with_x: ${value}\n`,
    });
    expect(webOf([], files("true"), [only]).steps).toHaveLength(1);
    expect(webOf([], files("false"), [only]).steps).toEqual([]);
  });

  it("take settings from the inventory, with secrets by reference", () => {
    const agents = role("agents", {
      variables: z.object({
        agent: z.object({
          url: z.string(),
          level: z.number().default(1),
          token: secret(),
          extra: z.array(z.union([z.string(), secret()])),
        }),
      }),
    });
    const files = {
      "group_vars/guests.yml":
        "agent: { url: 'http://x', token: { secret: agent_token }, extra: [a, { secret: other }] }\n",
    };
    const result = load({ ...files }, [agents]);
    expect(result.problems).toEqual([]);
    expect(result.lab?.guests[0]?.steps).toEqual([
      {
        role: "agents",
        after: [],
        settings: { agent: { url: "http://x", level: 1, extra: ["a", null] } },
        secrets: { "agent.token": "agent_token", "agent.extra.1": "other" },
      },
    ]);
    expect(result.lab?.secrets).toMatchObject([
      { name: "agent_token", usedBy: [{ file: "inventory/lab/group_vars/guests.yml", line: 1 }] },
      { name: "other" },
    ]);
  });

  it("report mistakes in their settings where they stand", () => {
    const sized = role("sized", { variables: z.object({ size: z.number(), needed: z.string() }) });
    const result = load({ "group_vars/guests.yml": "size: big\n" }, [sized]);
    expect(told(result, "invalid-value")).toEqual([
      'inventory/lab/group_vars/guests.yml:1:7 size: expected a number, got "big"',
    ]);
    expect(told(result, "missing-key")).toEqual([expect.stringContaining("needed is required but missing")]);
  });

  it("say of a setting that is missing which role wants it of whom, and where it may stand", () => {
    const timed = role("timed", { group: "time_hosts", variables: z.object({ pool: z.string() }) });
    const grouped = { "hosts.yml": hosts({ guests: ["web"], time_hosts: ["web"] }) };
    expect(told(load(grouped, [timed]), "missing-key")).toEqual([
      "inventory/lab/hosts.yml:11:9 pool: pool is required but missing: expected text; the role timed wants it of every member of time_hosts; " +
        "add pool: to inventory/lab/group_vars/time_hosts.yml for all of them, or to inventory/lab/host_vars/web.yml",
    ]);
    const foldered = { ...grouped, "group_vars/time_hosts/main.yml": "other: 1\n" };
    expect(told(load(foldered, [timed]), "missing-key")).toEqual([
      expect.stringContaining("add pool: to inventory/lab/group_vars/time_hosts/main.yml for all"),
    ]);
  });

  it("report them also where the guest itself has mistakes", () => {
    const sized = role("sized", { variables: z.object({ size: z.number() }) });
    const files = { "group_vars/guests.yml": "size: big\n", "host_vars/web.yml": container("vmid: 1") };
    expect(told(load(files, [sized]), "invalid-value")).toHaveLength(2);
  });

  it("are the same for hosts of the same groups, but for what a host sets or runs itself", () => {
    const sized = role("sized", { variables: z.object({ size: z.number().default(1) }) });
    const debian = role("debian", { switch: "with_debian" });
    const files = {
      "hosts.yml": hosts({ guests: ["a", "b", "c", "d"] }),
      "host_vars/a.yml": container("vmid: 301"),
      "host_vars/b.yml": `${container("vmid: 302")}size: 2\n`,
      "host_vars/c.yml": `${container("vmid: 303")}with_debian: false\n`,
      "host_vars/d.yml": container("vmid: 304"),
    };
    const { lab } = load(files, [sized, debian]);
    const steps = (lab?.guests ?? []).map((guest) => guest.steps.map(({ role: name, settings }) => [name, settings]));
    expect(steps).toEqual([
      [
        ["sized", { size: 1 }],
        ["debian", {}],
      ],
      [
        ["sized", { size: 2 }],
        ["debian", {}],
      ],
      [["sized", { size: 1 }]],
      [
        ["sized", { size: 1 }],
        ["debian", {}],
      ],
    ]);
  });

  it("complain of a value that hosts share for each of them", () => {
    const sized = role("sized", { variables: z.object({ size: z.number() }), when: "set" });
    const strict = role("strict", { osTypes: ["alpine"] });
    const names = ["a", "b"];
    const files = {
      "hosts.yml": hosts({ guests: names }),
      "group_vars/guests.yml": "size: 1\n",
      ...Object.fromEntries(names.map((name, index) => [`host_vars/${name}.yml`, container(`vmid: ${index + 301}`)])),
    };
    expect(told(load(files, [sized, strict]), "role-operating-system")).toHaveLength(2);
  });

  it("refuse an operating system they do not know", () => {
    const result = load({ "host_vars/web.yml": container("vmid: 301", "template: alpine-3.22") }, [
      role("x", { osTypes: ["debian"] }),
    ]);
    expect(told(result, "role-operating-system")).toEqual([
      expect.stringContaining("the role x knows debian, but web runs alpine"),
    ]);
  });

  it("apply to nodes where they say so", () => {
    const onNodes = role("host-base", { group: "proxmox_nodes", targets: ["node"] });
    const { lab } = load({}, [onNodes]);
    expect(lab?.nodes[0]?.steps.map((step) => step.role)).toEqual(["host-base"]);
    expect(lab?.guests[0]?.steps).toEqual([]);
  });

  it("are ordered by what they come after, also through roles that a guest does not have", () => {
    const c = role("a-last", { after: ["b-middle"] });
    const b = role("b-middle", { after: ["c-first"], group: "nobody" });
    const a = role("c-first");
    const ordered = inOrder([c, b, a]);
    expect(ordered.map(({ name }) => name)).toEqual(["c-first", "b-middle", "a-last"]);
    expect(() => inOrder([role("x", { after: ["y"] }), role("y", { after: ["x"] })])).toThrow("x → y → x");
  });
});
