import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Inventory } from "../../model/inventory";
import { formatProblem, type Problem } from "../../model/problem";
import { readInventory } from "../../model/read";
import { type Files, onlyProblem, places, writeFolder } from "../support/problems";

/** Reads the folder `lab`, from the folder above it. */
function read(files: Files, target = ""): Inventory {
  const folder = writeFolder(files);
  return readInventory(join("lab", target), dirname(folder));
}

function errors({ problems }: Inventory): Problem[] {
  return problems.filter(({ severity }) => severity === "error");
}

const hostNames = ({ hosts }: Inventory) => [...hosts.keys()];

describe("readInventory reports", () => {
  it.each<[string, string, string, RegExp]>([
    ["an unknown key", "web:\n  host:\n    a:\n", "unknown-key lab/hosts.yml:2:3", /"hosts"/],
    ["hosts as a list", "web:\n  hosts:\n    - a\n", "hosts-file lab/hosts.yml:3:5", /colon instead of a dash/],
    ["children as a list", "web:\n  children: [a]\n", "hosts-file lab/hosts.yml:2:13", /a list/],
    ["a group that is text", "web: yes please\n", "hosts-file lab/hosts.yml:1:6", /"web"/],
    ["a host that is text", "web: {hosts: {a: b}}\n", "hosts-file lab/hosts.yml:1:18", /variables of host "a"/],
    ["a list at the top", "- web\n", "hosts-file lab/hosts.yml:1:1", /a list/],
    ["a numeric host", "web:\n  hosts:\n    301:\n", "host-name lab/hosts.yml:3:5", /"301"/],
    ["a boolean group", "on:\n  hosts: {a: }\n", "group-name lab/hosts.yml:1:1", /quotes/],
    ["a range without colon", "web: {hosts: {'a[1-3]': }}\n", "host-range lab/hosts.yml:1:15", /web\[01:10\]/],
    ["a range without end", "web: {hosts: {'a[1:': }}\n", "host-range lab/hosts.yml:1:15", /closing bracket/],
    [
      "a range of unequal digits",
      "web: {hosts: {'a[01:100]': }}\n",
      "host-range lab/hosts.yml:1:15",
      /same number of digits/,
    ],
    ["a range backwards", "web: {hosts: {'a[5:1]': }}\n", "host-range lab/hosts.yml:1:15", /no host/],
    ["a range without step", "web: {hosts: {'a[1:5:0]': }}\n", "host-range lab/hosts.yml:1:15", /step/],
    ["a range of millions", "web: {hosts: {'a[1:9999999][1:9]': }}\n", "host-range lab/hosts.yml:1:15", /65536/],
    [
      "a priority that is no number",
      "web: {vars: {ansible_group_priority: high}}\n",
      "group-priority lab/hosts.yml:1:38",
      /whole number/,
    ],
    ["all below a group", "web: {children: {all: }}\n", "group-cycle lab/hosts.yml:1:18", /below "all"/],
    ["a group in itself", "web: {children: {web: }}\n", "group-cycle lab/hosts.yml:1:18", /its own child/],
  ])("%s", (_, text, place, message) => {
    const found = errors(read({ "hosts.yml": text }));
    expect(places(found)).toEqual([place]);
    expect(formatProblem(found[0]!)).toMatch(message);
    expect(found[0]?.fix).toBeTruthy();
  });

  it("a circle of groups with the line of every link", () => {
    const inventory = read({
      "hosts.yml": "a:\n  children:\n    b:\nb:\n  children:\n    c:\nc:\n  children:\n    a:\n",
    });
    const problem = onlyProblem(inventory.problems, "group-cycle");
    expect(problem.message).toContain("c > a > b > c");
    expect([problem.at?.line, ...(problem.also ?? []).map(({ at }) => at.line)]).toEqual([9, 3, 6]);
  });

  it("every problem at once, and keeps what could be read", () => {
    const inventory = read({
      "hosts.yml": "web: {hosts: {ok: , 1: }, x: }\n",
      "group_vars/web.yml": "a: [1\n",
      "host_vars/ok.yml": "- 1\n",
    });
    expect(places(errors(inventory)).sort()).toEqual([
      "host-name lab/hosts.yml:1:21",
      "unknown-key lab/hosts.yml:1:27",
      "vars-file lab/host_vars/ok.yml:1:1",
      "yaml-syntax lab/group_vars/web.yml:1:4",
    ]);
    expect(hostNames(inventory)).toEqual(["ok"]);
  });

  it.each([
    ["a missing target", {}, "nowhere", /nowhere/],
    ["a folder of something else", { "notes.txt": "hello\n", "a.yml": "a: 1\n" }, "", /"lab" is no inventory/],
    ["a file of something else", { "a.yml": "password: x\n" }, "a.yml", /no hosts file: expected groups/],
  ])("%s", (_, files, target, message) => {
    const inventory = read(files, target);
    expect(formatProblem(onlyProblem(errors(inventory), "no-inventory"))).toMatch(message);
    expect([...inventory.groups.keys()]).toEqual(["all", "ungrouped"]);
  });

  it("a folder that has variables only, at the hosts file it should have", () => {
    const inventory = read({ "group_vars/all.yml": "" });
    expect(places(errors(inventory))).toEqual(["no-hosts-file lab/hosts.yml:1:1"]);
  });

  it.each(["", "# nothing\n", "all:\n", "all: {children: {proxmox_nodes: }}\n"])(
    "an inventory without a host: %j",
    (text) => {
      expect(places(read({ "hosts.yml": text }).problems)).toEqual(["no-hosts lab/hosts.yml:1:1"]);
    },
  );

  it("a target that is nothing, without reading the folder it is in", () => {
    const { problems, sources } = readInventory(" ", writeFolder({ "hosts.yml": "all: {hosts: {a: }}\n" }));
    expect([places(problems), sources]).toEqual([["no-inventory"], []]);
  });

  it.each([
    ["a.ini", "[web]\nh\n", "error"],
    ["a.toml", "[web]\n", "error"],
    ["inventory", "[web]\nh ansible_port=2\n", "error"],
    ["hosts", `${"; long since moved\n".repeat(300)}[web]\nh ansible_port=2\n`, "error"],
    ["notes.org", "* hello\n", "warning"],
  ])("a file of another format: %s", (name, text, severity) => {
    const problem = onlyProblem(
      read({ "hosts.yml": "all: {hosts: {h: }}\n", [name]: text }).problems,
      "inventory-format",
    );
    expect(problem).toMatchObject({ severity, at: { file: `lab/${name}` } });
  });

  it("a script, which is not run", () => {
    const folder = writeFolder({ "hosts.yml": "all: {hosts: {h: }}\n", dynamic: "#!/bin/sh\ntouch ran\n" });
    chmodSync(join(folder, "dynamic"), 0o755);
    expect(onlyProblem(readInventory(folder).problems, "inventory-format").message).toContain("not run");
  });

  it("an inventory plugin's configuration", () => {
    const inventory = read({
      "hosts.yml": "all: {hosts: {h: }}\n",
      "proxmox.yml": "plugin: community.general.proxmox\nurl: x\n",
    });
    expect(onlyProblem(inventory.problems, "inventory-plugin").severity).toBe("warning");
    expect(errors(inventory)).toEqual([]);
  });

  it("encrypted files, without failing for variables", () => {
    const vault = "$ANSIBLE_VAULT;1.1;AES256\n3031\n";
    const inventory = read({
      "hosts.yml": "all: {hosts: {h: }}\n",
      "group_vars/all/vault.yml": vault,
      "host_vars/h.yml": vault,
    });
    expect(inventory.problems).toEqual([]);
    expect(inventory.groups.get("all")?.sealed).toEqual([expect.stringMatching(/group_vars\/all\/vault\.yml$/)]);
    expect(inventory.hosts.get("h")?.sealed).toEqual([expect.stringMatching(/host_vars\/h\.yml$/)]);
    expect(onlyProblem(read({ "hosts.yml": vault }).problems, "vault-encrypted").severity).toBe("error");
  });

  it.each<[string, Files, string, RegExp]>([
    [
      "variables of an unknown group",
      { "group_vars/docker_host.yml": "a: 1\n" },
      "unused-vars lab/group_vars/docker_host.yml:1:1",
      /"docker_hosts"/,
    ],
    [
      "variables of an unknown host",
      { "host_vars/medi/x.yml": "a: 1\n" },
      "unused-vars lab/host_vars/medi:1:1",
      /"media"/,
    ],
    [
      "a file that Ansible passes over for a folder",
      { "group_vars/docker_hosts.yml": "a: 1\n", "group_vars/docker_hosts/x.yml": "b: 1\n" },
      "vars-file-shadowed lab/group_vars/docker_hosts.yml:1:1",
      /move it into docker_hosts\//,
    ],
    ["group_vars that is a file", { group_vars: "a: 1\n" }, "vars-folder lab/group_vars:1:1", /folder/],
    [
      "a priority where it does nothing",
      { "group_vars/docker_hosts.yml": "ansible_group_priority: 5\n" },
      "group-priority lab/group_vars/docker_hosts.yml:1:1",
      /hosts file/,
    ],
    ["an empty hosts file", { "empty.yml": "# nothing\n" }, "hosts-file-empty lab/empty.yml:1:1", /empty/],
    ["a name that expressions cannot use", { "more.yml": "my-group:\n" }, "group-name lab/more.yml:1:1", /my_group/],
    [
      "a host named like a group",
      { "more.yml": "x: {hosts: {docker_hosts: }}\n" },
      "group-and-host lab/more.yml:1:13",
      /rename/,
    ],
  ])("%s, as a warning", (_, files, place, message) => {
    const { problems } = read({ "hosts.yml": "docker_hosts:\n  hosts:\n    media:\n", ...files });
    expect(places(problems)).toEqual([place]);
    expect(problems[0]?.severity).toBe("warning");
    expect(formatProblem(problems[0]!)).toMatch(message);
  });
});
