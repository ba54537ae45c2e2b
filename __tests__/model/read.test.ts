import { symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Inventory } from "../../model/inventory";
import { formatProblem } from "../../model/problem";
import { findInventories, readInventory } from "../../model/read";
import { toPlain } from "../../model/tree";
import { type Files, onlyProblem, writeFolder } from "../support/problems";

/** Reads the folder `lab`, from the folder above it. */
function read(files: Files, target = ""): Inventory {
  const folder = writeFolder(files);
  return readInventory(join("lab", target), dirname(folder));
}

const hostNames = ({ hosts }: Inventory) => [...hosts.keys()];

describe("readInventory reads groups and hosts", () => {
  it("knows where each was named first, its groups, and its depth", () => {
    const inventory = read({
      "hosts.yml":
        "all:\n  children:\n    a:\n      children:\n        b:\n          hosts:\n            h: {x: 1}\nb:\n  hosts:\n    h: {x: 2}\n",
    });
    expect(inventory.problems).toEqual([]);
    expect(inventory.groups.get("b")).toMatchObject({
      at: { file: "lab/hosts.yml", line: 5, column: 9 },
      parents: ["a"],
      depth: 2,
    });
    expect(inventory.hosts.get("h")).toMatchObject({
      at: { file: "lab/hosts.yml", line: 7, column: 13 },
      groups: ["b"],
    });
    expect(inventory.hosts.get("h")?.layers.map(({ vars }) => toPlain(vars))).toEqual([{ x: 1 }, { x: 2 }]);
  });

  it("has all and ungrouped even when nobody names them", () => {
    const inventory = read({ "hosts.yml": "web:\n  hosts: {a: }\nall:\n  hosts: {b: , a: }\n" });
    expect(inventory.groups.get("all")?.children).toEqual(["ungrouped", "web"]);
    expect([...(inventory.groups.get("ungrouped")?.hosts.keys() ?? [])]).toEqual(["b"]);
  });

  it("takes the depth of the longest way", () => {
    const inventory = read({ "hosts.yml": "a: {children: {b: , c: }}\nb: {children: {c: }}\n" });
    expect(inventory.groups.get("c")).toMatchObject({ depth: 3, parents: ["a", "b"] });
  });

  it.each([
    ["web[01:03]", ["web01", "web02", "web03"]],
    ["web[1:10:4]", ["web1", "web5", "web9"]],
    ["db-[a:c]", ["db-a", "db-b", "db-c"]],
    ["r[1:2]s[x:y]", ["r1sx", "r1sy", "r2sx", "r2sy"]],
    ["n[:1]", ["n0", "n1"]],
    ["10.0.0.[9:10]", ["10.0.0.9", "10.0.0.10"]],
    ["plain", ["plain"]],
    ["::1", ["::1"]],
  ])("expands %s", (pattern, names) => {
    expect(hostNames(read({ "hosts.yml": `all:\n  hosts:\n    "${pattern}":\n` }))).toEqual(names);
  });

  it.each([
    ["web:2222", "web", 2222],
    ["[fe80::1]:22", "fe80::1", 22],
    ["my host:22", "my host:22", undefined],
  ])("splits the port off %s", (pattern, name, port) => {
    const { hosts } = read({ "hosts.yml": `all:\n  hosts:\n    "${pattern}":\n` });
    const vars = hosts.get(name)?.layers.map((layer) => toPlain(layer.vars));
    expect(vars).toEqual(port === undefined ? [] : [{ ansible_port: port }]);
  });
});

describe("readInventory reads files in Ansible's order", () => {
  it("reads folders of variables recursively, without hidden, backup and foreign files", () => {
    const inventory = read({
      "hosts.yml": "all: {hosts: {h: }}\n",
      "group_vars/all/b.yml": "v: 2\n",
      "group_vars/all/a.yaml": "v: 1\n",
      "group_vars/all/c/d.json": '{"v": 3}',
      "group_vars/all/e": "v: 4\n",
      "group_vars/all/.hidden.yml": "v: 5\n",
      "group_vars/all/f.yml~": "v: 6\n",
      "group_vars/all/g.txt": "v: 7\n",
      "group_vars/all/empty.yml": "# nothing\n",
      "host_vars/h": "v: 8\n",
    });
    expect(inventory.problems).toEqual([]);
    expect(inventory.groups.get("all")?.layers.map(({ file }) => file)).toEqual(
      ["a.yaml", "b.yml", "c/d.json", "e"].map((name) => `lab/group_vars/all/${name}`),
    );
    expect(inventory.hosts.get("h")?.layers.map(({ file }) => file)).toEqual(["lab/host_vars/h"]);
  });

  it("makes one inventory of all hosts files in a folder with a hosts.yml", () => {
    const inventory = read({
      "hosts.yml": "a: {hosts: {one: }}\n",
      "extra.yaml": "b: {hosts: {two: }}\n",
      "sub/more.json": '{"c": {"hosts": {"three": null}}}',
      "old.yml.bak": "[",
      ".hidden.yml": "[",
      "README.md": "[",
    });
    expect(inventory).toMatchObject({
      name: "lab",
      folder: "lab",
      sources: ["lab/extra.yaml", "lab/hosts.yml", "lab/sub/more.json"],
    });
    expect(hostNames(inventory)).toEqual(["two", "one", "three"]);
  });

  it("reads one hosts file alone, with the variables beside it, quiet about those of its siblings", () => {
    const files = {
      "production.yml": "production: {hosts: {web: }}\n",
      "staging.yml": "staging: {hosts: {test: }}\n",
      "group_vars/production.yml": "env: p\n",
      "group_vars/staging.yml": "env: s\n",
      "host_vars/test.yml": "a: 1\n",
    };
    const inventory = read(files, "production.yml");
    expect(inventory).toMatchObject({
      name: "lab-production",
      folder: "lab",
      sources: ["lab/production.yml"],
      problems: [],
    });
    expect(hostNames(inventory)).toEqual(["web"]);
    expect(formatProblem(onlyProblem(read(files).problems, "several-inventories"))).toMatch(
      /lab-production \(lab\/production.yml\), lab-staging \(lab\/staging.yml\)/,
    );
  });

  it("follows links, but not in circles", () => {
    const folder = writeFolder({ "hosts.yml": "all: {hosts: {h: }}\n", "shared/v.yml": "v: 1\n", "group_vars/x": "" });
    symlinkSync(join(folder, "shared"), join(folder, "group_vars", "all"));
    symlinkSync(join(folder, "shared"), join(folder, "shared", "loop"));
    const layers = readInventory(folder).groups.get("all")?.layers ?? [];
    expect(layers.map(({ vars }) => toPlain(vars))).toEqual([{ v: 1 }]);
  });
});

describe("findInventories", () => {
  it("lists a lab per folder, or per hosts file where there is no hosts.yml", () => {
    const root = writeFolder({
      "one/hosts.yml": "",
      "one/more.yml": "",
      "two/production.yml": "",
      "two/staging.yml": "",
      "three/only.yml": "",
      "four/notes.md": "",
      ".git/hosts.yml": "",
      "file.yml": "",
    });
    expect(findInventories(root)).toEqual([
      { name: "one", target: join(root, "one") },
      { name: "three", target: join(root, "three") },
      { name: "two-production", target: join(root, "two", "production.yml") },
      { name: "two-staging", target: join(root, "two", "staging.yml") },
    ]);
  });

  it("finds nothing where there is no folder", () => {
    expect(findInventories("/nonexistent")).toEqual([]);
  });
});
