import { join } from "node:path";
import fc from "fast-check";
import { rawListText } from "../../model/raw-list";
import { readInventory } from "../../model/read";
import { resolvePlain } from "../../model/yaml/scalar";
import { ansibleInventoryCommand, ansibleLists, describeWithAnsible } from "../support/ansible";
import { type Files, writeFolder } from "../support/problems";

/** The shapes of the five labs, and each corner of the format that an operator may come by. */
const SHAPES: { readonly [name: string]: { readonly files: Files; readonly target?: string } } = {
  "tiers and functional groups": {
    files: {
      "hosts.yml":
        "all:\n  children:\n    resource_tiers:\n      children:\n        small_servers:\n          hosts:\n            codeserver:\n            frontend:\n        large_servers:\n          hosts: {jellyfin: }\n        tiny_servers:\n    functional_groups:\n      children:\n        docker_hosts:\n          hosts: {codeserver: , jellyfin: }\n        wireguard_hosts:\n",
      "group_vars/all/proxmox.yml": "proxmox_api_host: pve\nproxmox_default_mounts: []\n",
      "group_vars/all/z/deep.yml": "deep: yes\n",
      "group_vars/small_servers.yml": 'lxc_cores: 2\nlxc_disk: "8"\n',
      "host_vars/jellyfin.yml": 'proxmox_lxc:\n  vmid: 304\n  cores: "{{ lxc_cores }}"\n',
      "README.md": "# not an inventory\n",
    },
  },
  "production beside staging": {
    target: "production.yml",
    files: {
      "production.yml": "production:\n  hosts:\n    web[01:03]:\n      port: 80\n",
      "staging.yml": "staging:\n  hosts:\n    test[a:c]-[1:5:2]:\n",
      "group_vars/production.yml": "env: production\n",
      "group_vars/staging.yml": "env: staging\n",
    },
  },
  "several hosts files": {
    files: {
      "01-static.yml": "all:\n  vars: {from: static, a: 1}\n  hosts: {one: {x: 1}}\n",
      "hosts.yml": "all:\n  vars: {from: hosts}\nweb:\n  hosts: {one: {x: 2}, two: }\n",
      "sub/more.yaml": "db:\n  hosts:\n    three:\n  vars: {from: sub}\n",
      "group_vars/web.json":
        '{"e": 1e3, "list": [1, 2.50, null], "d": 1, "d": 2, "u": {"__ansible_unsafe": "{{ x }}"}}',
      "notes.txt": "nothing",
    },
  },
  "group priority and depth": {
    files: {
      "hosts.yml":
        "a:\n  hosts: {h: }\n  vars: {v: a, w: a, ansible_group_priority: 10}\nb:\n  hosts: {h: }\n  vars: {v: b, w: b}\nc:\n  children: {d: {hosts: {h: }, vars: {w: d}}}\n  vars: {ansible_group_priority: '99', w: c}\n",
      "group_vars/a.yml": "f: a\n",
      "group_vars/b.yml": "f: b\nansible_group_priority: 50\n",
      "group_vars/all.yml": "v: all file beats group inventory\n",
      "group_vars/d/1.yml": "q: 1\n",
      "group_vars/d/2": "q: 2\n",
      "group_vars/d/.hidden.yml": "q: 3\n",
      "group_vars/d/3.yml~": "q: 4\n",
      "group_vars/d/4.txt": "q: 5\n",
      "group_vars/d/conf.d/5.yml": "q: 6\n",
      "group_vars/d.yml": "q: 7\n",
    },
  },
  "ports, addresses and odd names": {
    files: {
      "hosts.yml":
        'all:\n  hosts:\n    "web:2222":\n    "[fe80::1]:22":\n    "::1":\n    10.0.0.[1:3]:\n    "10.0.1.[1:2]:99": {ansible_port: 5}\n    "my host:22":\n    db[01:03:2]x[a:b]:\n    host.example.com:\n  children:\n    my-group: {hosts: web}\n    empty:\n',
    },
  },
  "hosts in all and ungrouped": {
    files: {
      "hosts.yml":
        "ungrouped:\n  hosts: {u: , g: }\nall:\n  hosts: {a: , g: }\n  children:\n    grp: {hosts: {g: }}\n    other: {children: {grp: }}\n",
    },
  },
  scalars: {
    files: {
      "hosts.yml": "all: {hosts: {h: }}\n",
      "host_vars/h.yml": `
yes_: yes
no_: No
on_: ON
y_: y
n_: n
octal: 0755
not_octal: 0899
hex: 0x1F
binary: 0b101
under: 1_000
sexa: 190:20:30
sexafloat: 1:30.5
exponent: 1e3
exp2: 1.5e+3
exp3: 1.5e3
dot: .5
trail: 1.
neg: -7
plus: +12
inf: -.inf
tilde: ~
empty:
nul: Null
date: 2001-12-14
stamp: 2001-12-14t21:59:43.10-05:00
stamp2: 2001-12-14 21:59:43
stamp3: 2001-12-14 21:59:43.123456789 Z
version: 1.10
big: 123456789012345678901234567890
floats: [1.0, 1e16, 1.0e+16, 1.5e-7, 0.0001, 100000000000000000000.0, 123456789.125, -0.0]
quoted: ["yes", '0755', "1.0"]
tagged: [!!str 12, !!int "0x10", !!float 3, !!bool "on", !!null x, ! 12, ! "12"]
unsafe: !unsafe [text, 1, {k: v}]
unsafe2: !unsafe "{{ x }}"
vault: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  3031
omap: !!omap [a: 1, b: [2]]
1: one
1.50: float key
false: bool key
~: null key
nested: {7: a, 0x10: b, yes: c, 2001-1-1: d}
"unicode \\u263a": "é☃😀\\t\\x07"
folded: >-
  one
  two

  three
literal: |+
  keep

plain: one
  two
anchor: &a {x: 1, y: 2}
merged: {<<: *a, y: 3}
mergelist:
  <<: [*a, {x: 9, z: 9}]
alias: *a
=: equals
`,
    },
  },
  "host order through merge keys": {
    files: {
      "hosts.yml":
        "x:\n  hosts: &h\n    one: {v: 1}\n    two:\ny:\n  hosts:\n    three:\n    <<: *h\n    two: {v: 2}\n",
    },
  },
  "odd forms that Ansible allows": {
    files: {
      "hosts.yml":
        "localhost:\n  hosts: {127.0.0.1: , localhost: }\nall:\n  hosts: one\n  children: kids\n  vars: lonely\nkids:\n  hosts: {a: false, b: '', c: []}\n  vars: {}\nungrouped:\n  vars: {u: 1}\n  children: {under: {hosts: {d: }}}\nx:\n  children:\n    ungrouped:\n",
    },
  },
  "an empty file": { files: { "hosts.yml": "", "group_vars/all.yml": "a: 1\n" } },
  "a file of comments": { files: { "hosts.yml": "# nothing\n---\n" } },
};

describeWithAnsible("rawListText against ansible-core", () => {
  const names = Object.keys(SHAPES);
  const targets = names.map((name) => {
    const { files, target } = SHAPES[name]!;
    const folder = writeFolder(files);
    return target ? join(folder, target) : folder;
  });
  targets.push(join(__dirname, "..", "..", "inventory", "tiers"));
  names.push("the lab tiers itself");
  let expected: (string | null)[];
  beforeAll(() => {
    expected = ansibleLists(targets);
  });

  it.each(names.map((name, index) => [name, index] as const))("prints the same for %s", (_, index) => {
    expect(rawListText(readInventory(targets[index]!))).toBe(expected[index]);
  });

  it("prints what the command itself prints", () => {
    expect(rawListText(readInventory(targets[0]!))).toBe(ansibleInventoryCommand(targets[0]!));
  });
});

const NAMES = ["a", "b", "c", "d", "e", "f"];
const SCALARS = fc.constantFrom(
  ..."yes no on 0755 0o7 08 1_0 1e3 1.0e+3 1:20 -1:20.5 ~ null .inf 0x1f +5 -0 1. .5 2020-01-02 'q''q' \"d\" plain {} []".split(
    " ",
  ),
  "two words",
  "[1, two, [3]]",
  "{k: v, n: 1}",
  "http://x:80/#y",
  '"{{ v1 }}"',
  "!unsafe x",
  "x # comment",
);

const VARS = fc.uniqueArray(fc.tuple(fc.constantFrom("v1", "v2", "v3", "v4"), SCALARS), {
  maxLength: 4,
  selector: ([name]) => name,
});
const LAB = fc.record({
  /** Child → parents with smaller letters only, so that there is no circle; diamonds are common. */
  groups: fc.array(
    fc.record({
      parents: fc.subarray(NAMES),
      vars: VARS,
      priority: fc.option(fc.integer({ min: -2, max: 20 })),
      hosts: fc.subarray(["h1", "h2", "h3[1:2]"]),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  files: fc.array(
    fc.tuple(
      fc.constantFrom("all", ...NAMES),
      fc.constantFrom("", ".yml", ".json.yml", "/x.yml", "/y/z.yaml", "/b.yml"),
      VARS,
    ),
    { maxLength: 6 },
  ),
  hostFiles: fc.array(fc.tuple(fc.constantFrom("h1", "h2", "h31"), VARS), { maxLength: 3 }),
  inner: VARS,
  nested: fc.boolean(),
});

function varLines(vars: readonly (readonly [string, string])[], indent: string): string {
  return vars.map(([name, value]) => `${indent}${name}: ${value}\n`).join("");
}

function write(lab: typeof LAB extends fc.Arbitrary<infer T> ? T : never): Files {
  let hosts = lab.nested ? "all:\n  hosts: {lonely: }\n" : "";
  lab.groups.forEach(({ vars, priority, hosts: members }, index) => {
    const own = [...vars, ...(priority === null ? [] : [["ansible_group_priority", String(priority)] as const])];
    const children = NAMES.filter((_, child) => child > index && lab.groups[child]?.parents.includes(NAMES[index]!));
    hosts += `${NAMES[index]}:\n`;
    if (own.length > 0) hosts += `  vars:\n${varLines(own, "    ")}`;
    if (children.length > 0) hosts += `  children:\n${children.map((child) => `    ${child}:\n`).join("")}`;
    if (members.length > 0) {
      hosts += `  hosts:\n${members.map((host) => `    ${host}:\n${varLines(lab.inner, "      ")}`).join("")}`;
    }
  });
  const files: { [path: string]: string } = { "hosts.yml": hosts };
  const taken = (path: string) =>
    Object.keys(files).some((file) => file.startsWith(`${path}/`) || path.startsWith(`${file}/`));
  for (const [group, ending, vars] of lab.files) {
    const path = `group_vars/${group}${ending}`;
    if (!taken(path)) files[path] = varLines(vars, "");
  }
  for (const [host, vars] of lab.hostFiles) files[`host_vars/${host}.yml`] = varLines(vars, "");
  return files;
}

describeWithAnsible("generated inventories against ansible-core", () => {
  it("merges 150 of them alike", () => {
    const folders = fc
      .sample(LAB, { numRuns: 150, seed: Number(process.env.FC_SEED ?? 20) })
      .map((lab) => writeFolder(write(lab)));
    const expected = ansibleLists(folders);
    folders.forEach((folder, index) => {
      expect(rawListText(readInventory(folder))).toBe(expected[index]);
    });
  });
});

/** Plain scalars near the edges of YAML 1.1's numbers, dates and words. */
const PLAIN = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(..."0123456789_:.+-exbXoEfFaT"), minLength: 1, maxLength: 8 }),
    fc.stringMatching(/^[-+]?[0-9]{1,3}(:[0-9]{1,2}){1,3}(\.[0-9_]*)?$/),
    fc.stringMatching(
      /^[0-9]{4}-[01]?[0-9]-[0-3]?[0-9]([Tt ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,8})?( ?Z|[-+][0-9]{1,2}(:[0-9]{2})?)?)?$/,
    ),
    fc.stringMatching(/^[-+]?[0-9_]{1,4}\.[0-9_]{0,4}([eE][-+]?[0-9]{1,2})?$/),
    fc.stringMatching(/^[-+]?0[xbo]?[0-9a-f_]{1,20}$/),
    fc.constantFrom(
      ..."y Y n yes Yes YES yEs no true True tRUE on On oN off null Null nULL NULL ~ .inf -.INF +.Inf .nan .NaN".split(
        " ",
      ),
    ),
  )
  .filter((text) => !/^[-?:]( |$)|: |:$| #/.test(text) && !/^\.{3}|^---/.test(text))
  .filter((text) => !("problem" in resolvePlain(text)));

describeWithAnsible("plain scalars against PyYAML", () => {
  it("reads 3,000 of them alike", () => {
    const scalars = fc.sample(PLAIN, { numRuns: 3000, seed: Number(process.env.FC_SEED ?? 7) });
    const folder = writeFolder({
      "hosts.yml": "all: {hosts: {h: }}\n",
      "host_vars/h.yml": scalars.map((text, index) => `k${index}: ${text}\n`).join(""),
    });
    expect(rawListText(readInventory(folder))).toBe(ansibleLists([folder])[0]);
  });
});
