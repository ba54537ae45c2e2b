import type { Inventory } from "../../model/inventory";
import { effectiveVars, groupsOf } from "../../model/merge";
import { formatPosition } from "../../model/problem";
import { rawList, rawListText } from "../../model/raw-list";
import { readInventory } from "../../model/read";
import { toPlain } from "../../model/tree";
import { type Files, writeFolder } from "../support/problems";

function read(files: Files): Inventory {
  const folder = writeFolder(files);
  return readInventory(folder, folder);
}

/** `file:line owner` of every definition, weakest first. */
function chain(inventory: Inventory, host: string, name: string): string[] {
  return (effectiveVars(inventory, host).get(name)?.chain ?? []).map(
    ({ at, owner }) => `${formatPosition(at)} ${owner.kind} ${owner.name}`,
  );
}

describe("effectiveVars", () => {
  it("keeps every definition, in Ansible's order of precedence", () => {
    const inventory = read({
      "hosts.yml":
        "all:\n  vars: {v: 1}\n  hosts: {h: {v: 5}}\n  children:\n    a: {vars: {v: 2}, children: {b: {hosts: {h: }, vars: {v: 3}}}}\n",
      "group_vars/all.yml": "v: 4\n",
      "group_vars/a.yml": "v: 4.1\n",
      "group_vars/b/x.yml": "v: 4.2\n",
      "host_vars/h.yml": "v: 6\n",
    });
    expect(chain(inventory, "h", "v")).toEqual([
      "hosts.yml:2:10 group all",
      "hosts.yml:5:16 group a",
      "hosts.yml:5:59 group b",
      "group_vars/all.yml:1:1 group all",
      "group_vars/a.yml:1:1 group a",
      "group_vars/b/x.yml:1:1 group b",
      "hosts.yml:3:15 host h",
      "host_vars/h.yml:1:1 host h",
    ]);
    const winner = effectiveVars(inventory, "h").get("v")?.winner;
    expect(winner && toPlain(winner.tree)).toBe(6);
  });

  it("lets a deeper group win, whatever its name and priority", () => {
    const text = "z: {vars: {v: shallow, ansible_group_priority: 9}, children: {a: {vars: {v: deep}, hosts: {h: }}}}\n";
    expect(toPlain(effectiveVars(read({ "hosts.yml": text }), "h").get("v")!.winner.tree)).toBe("deep");
  });

  it("orders groups of one depth by priority, then by name", () => {
    const inventory = read({
      "hosts.yml": "c: {hosts: {h: }}\nb: {hosts: {h: }}\na: {hosts: {h: }, vars: {ansible_group_priority: 5}}\n",
    });
    expect(groupsOf(inventory, "h").map(({ name }) => name)).toEqual(["all", "b", "c", "a"]);
  });

  it("replaces mappings as a whole, as Ansible does by default", () => {
    const inventory = read({ "hosts.yml": "all: {vars: {m: {a: 1}}, hosts: {h: {m: {b: 2}}}}\n" });
    expect(toPlain(effectiveVars(inventory, "h").get("m")!.winner.tree)).toEqual({ b: 2 });
  });

  it("does not let hosts of the same groups share their own variables", () => {
    const inventory = read({ "hosts.yml": "g: {hosts: {one: {v: 1}, two: }, vars: {v: 0}}\n" });
    expect(["one", "two"].map((host) => toPlain(effectiveVars(inventory, host).get("v")!.winner.tree))).toEqual([1, 0]);
  });

  it("merges a host once", () => {
    const inventory = read({ "hosts.yml": "all: {hosts: {h: {v: 1}}}\n" });
    expect(effectiveVars(inventory, "h")).toBe(effectiveVars(inventory, "h"));
  });

  it("knows no variables of an unknown host", () => {
    expect(effectiveVars(read({ "hosts.yml": "all:\n" }), "nobody").size).toBe(0);
  });
});

describe("rawList", () => {
  const inventory = read({
    "hosts.yml":
      'all:\n  hosts:\n    b: {f: 1.0, i: 1, big: 12345678901234567890, t: !unsafe "x", ansible_version: 3}\n    a:\n  children:\n    g: {hosts: {b: }, vars: {n: .nan, s: "é"}}\n    none:\n',
  });

  it("leaves out empty groups, hosts without variables and Ansible's own variables", () => {
    expect(rawList(inventory)).toEqual({
      _meta: {
        hostvars: {
          b: { f: 1, i: 1, big: 12345678901234567890n, t: { __ansible_unsafe: "x" }, n: Number.NaN, s: "é" },
        },
        profile: "inventory_legacy",
      },
      all: { children: ["ungrouped", "g", "none"] },
      g: { hosts: ["b"] },
      ungrouped: { hosts: ["a"] },
    });
  });

  it("is printed sorted, with Python's numbers", () => {
    const text = rawListText(inventory);
    expect(text).toMatch(/"big": 12345678901234567890,\n +"f": 1\.0,\n +"i": 1,\n +"n": NaN,\n +"s": "é",/);
    expect(text.endsWith("}\n")).toBe(true);
  });

  it("takes __proto__ for a name like any other", () => {
    const text = rawListText(read({ "hosts.yml": "all: {hosts: {h: {__proto__: {x: 1}}}}\n" }));
    expect(JSON.parse(text)._meta.hostvars.h).toHaveProperty(["__proto__", "x"], 1);
  });
});

describe("reading and merging 1,000 hosts", () => {
  it("takes a fraction of a second", () => {
    const hosts = Array.from({ length: 1000 }, (_, index) => `host${index}`);
    const files: { [path: string]: string } = {
      "hosts.yml": `web:\n  hosts:\n${hosts.map((host) => `    ${host}:\n`).join("")}`,
    };
    for (const host of hosts)
      files[`host_vars/${host}.yml`] = `proxmox_lxc:\n  vmid: 100\n  hostname: ${host}\n  networks:\n    - ip: dhcp\n`;
    const folder = writeFolder(files);
    const start = performance.now();
    const inventory = readInventory(folder);
    for (const host of hosts) effectiveVars(inventory, host);
    // ansible-inventory needs about 2.7 s for this; a busy machine is given ten times what an idle one needs.
    expect(performance.now() - start).toBeLessThan(1000);
    expect(inventory.problems).toEqual([]);
  });
});
