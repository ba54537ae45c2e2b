import { container, type LabFiles, labFolder, removeLabFolders, SOUND, withNode } from "../support/lab-folder";
import { capture } from "./capture";

afterAll(removeLabFolders);

/** The lines of `explain` for a key of the host `web`, whose own variables `vars` are. */
async function explain(vars: string, key: string, files: LabFiles = {}): Promise<string[]> {
  const { out } = await capture(
    ["explain", "lab/web", key],
    labFolder({ "host_vars/web.yml": `${vars}\n${SOUND["host_vars/web.yml"]}`, ...files }),
  );
  return out.trimEnd().split("\n");
}

/** What the references of a key led to. */
async function outcomes(vars: string, key: string, files?: LabFiles): Promise<string[]> {
  const lines = await explain(vars, key, files);
  return lines.filter((line) => line.includes(" → ")).map((line) => line.slice(line.indexOf(" → ") + 3));
}

const WEB = "inventory/lab/host_vars/web.yml";

describe("explain of a reference with a default", () => {
  it.each([
    ["{{ color | default('red') }}", "color is not set, so the default is used"],
    ["{{ m.k.z | default('red') }}", "m.k.z is not set, so the default is used"],
    ["{{ color | default(pk) }}", `${WEB}:2:5  (host web); color is not set, so the default is used`],
    ["{{ hostvars['pve1'].color | default('red') }}", "hostvars.pve1.color is not set, so the default is used"],
    ["{{ alias | default('red') }}", `${WEB}:4:8  (host web); alias refers to what is not set, so the default is used`],
    ["{{ empty | default('red', true) }}", `${WEB}:5:8  (host web); empty is empty, so the default is used`],
    ["{{ (color | default(1)) + (color | default(1)) }}", "color is not set, so the default is used"],
    ["a {{ color | default('red') }}", "color is not set, so the default is used"],
    ["{{ pk | default('red') }}", `${WEB}:2:5  (host web)`],
    ["{{ inventory_hostname }}", "a fact that Ansible knows of the host"],
    ["{{ 1 + 2 }}", "computed from nothing that is set"],
  ])("%s: %s", async (text, outcome) => {
    const vars = `paint: "${text}"\npk: git\nm: { k: { y: 1 } }\nalias: "{{ color }}"\nempty: ""`;
    expect(await outcomes(vars, "paint")).toEqual([outcome]);
  });

  it("does not call a variable unset that an encrypted file may set", async () => {
    const sealed = "$ANSIBLE_VAULT;1.1;AES256\n3132\n";
    const files = { "group_vars/guests/vault.yml": sealed };
    expect(await outcomes("paint: \"{{ color | default('red') }}\"", "paint", files)).toEqual([
      "color is set in no readable file, so the default is used",
    ]);
  });
});

describe("whose value a reference leads to", () => {
  const files = {
    "hosts.yml": "all:\n  children:\n    proxmox_nodes: { hosts: { pve1: } }\n    guests: { hosts: { web:, c: } }\n",
    "group_vars/guests.yml": "x: of-group\nonly: of-group\n",
    "host_vars/c.yml": 'x: of-c\ny: "{{ x }}"\n',
  };
  const C = "inventory/lab/host_vars/c.yml";

  it.each([
    ["{{ hostvars['c'].x }}", [`${C}:1:4  (host c)`]],
    ["{{ hostvars['c'].y }}", [`${C}:2:4  (host c)`, `${C}:1:4  (host c)`]],
    ["{{ hostvars['c'].only }}", ["inventory/lab/group_vars/guests.yml:2:7  (group guests)"]],
    ["{{ x }}", ["inventory/lab/group_vars/guests.yml:1:4  (group guests)"]],
  ])("%s", async (text, expected) => {
    expect(await outcomes(`seen: "${text}"`, "seen", files)).toEqual(expected);
  });

  it("counts an anchor's value for the place that the host sees", async () => {
    const hosts = SOUND["hosts.yml"]!.replace(
      "guests: { hosts: { web: } }",
      "first: { hosts: { pve1: }, vars: { x: &x 1 } }\n    guests: { hosts: { web: }, vars: { x: *x } }",
    );
    const [outcome] = await outcomes('seen: "{{ x }}"', "seen", { "hosts.yml": hosts });
    expect(outcome).toMatch(/^inventory\/lab\/hosts.yml:5:\d+ {2}\(group guests\)$/);
  });
});

describe("references inside a value", () => {
  const VARS = 'pk: git\nlist: ["{{ pk }}", vim, { deep: "{{ alias }}" }]\nalias: "{{ pk }}"\nwhole: "{{ list }}"';

  const references = async (key: string) =>
    (await explain(VARS, key)).flatMap(
      (line) => / {2}(\S+:\d+) {2}((?:\S+ {2})?\{\{.*\}\}) →/.exec(line)?.slice(2) ?? [],
    );

  it("have their paths", async () => {
    expect(await references("list")).toEqual(["list.0  {{ pk }}", "list.2.deep  {{ alias }}", "list.2.deep  {{ pk }}"]);
    expect(await references("list.2")).toEqual(["list.2.deep  {{ alias }}", "list.2.deep  {{ pk }}"]);
    expect(await references("list.0")).toEqual(["{{ pk }}"]);
  });

  it("are followed through a reference to the whole", async () => {
    expect(await references("whole")).toEqual([
      "{{ list }}",
      "whole.0  {{ pk }}",
      "whole.2.deep  {{ alias }}",
      "whole.2.deep  {{ pk }}",
    ]);
  });

  it("are told once, however often an anchor repeats them", async () => {
    const lines = await explain('pk: git\nlist: [&a "{{ pk }}", *a, *a]', "list");
    expect(lines.filter((line) => line.includes(" → "))).toHaveLength(1);
  });

  it("are found in a guest", async () => {
    const web = `size: 4096\n${container("vmid: 301", 'memory: "{{ size }}"')}`;
    const lines = await explain("", "proxmox_lxc", { "host_vars/web.yml": web });
    expect(lines.join("\n")).toContain(`  proxmox_lxc.memory  {{ size }} → ${WEB}:1:7  (host web)`);
  });
});

describe("a part of what came through a template", () => {
  const vars = 'seen: { all: "{{ cards }}" }\ncards: [{ ip: 10.0.0.2, mac: "{{ own }}" }]\nown: aa';

  it("has the line of the template, of the reference, and its own", async () => {
    expect(await explain(vars, "seen.all.0.ip")).toEqual([
      'seen.all.0.ip = "10.0.0.2"',
      `  ${WEB}:1:14  "{{ cards }}"  (host web) wins: nothing else sets it`,
      `  ${WEB}:1:18  seen.all  {{ cards }} → ${WEB}:2:8  (host web)`,
      `  ${WEB}:2:15  "10.0.0.2"  (host web)`,
    ]);
  });

  it("has those of every template on the way", async () => {
    expect((await explain(vars, "seen.all.0.mac")).slice(2)).toEqual([
      `  ${WEB}:1:18  seen.all  {{ cards }} → ${WEB}:2:8  (host web)`,
      `  ${WEB}:2:34  {{ own }} → ${WEB}:3:6  (host web)`,
    ]);
  });

  it("has them where the variable as a whole is one", async () => {
    const lines = await explain('whole: "{{ from }}"\nfrom: { a: 1 }', "whole.a");
    expect(lines.slice(1)).toEqual([
      `  ${WEB}:1:8  "{{ from }}"  (host web) wins: nothing else sets it`,
      `  ${WEB}:1:12  whole  {{ from }} → ${WEB}:2:7  (host web)`,
      `  ${WEB}:2:12  1  (host web)`,
    ]);
  });
});

describe("a part of what a template spells out", () => {
  it("has the template's line alone", async () => {
    expect(await explain("list: \"{{ ['a', 1 + 1] }}\"", "list.1")).toEqual([
      "list.1 = 2",
      `  ${WEB}:1:7  "{{ ['a', 1 + 1] }}"  (host web) wins: nothing else sets it`,
      `  ${WEB}:1:11  list  {{ ['a', 1 + 1] }} → computed from nothing that is set`,
    ]);
  });
});

describe("keys with dots", () => {
  const vars = "names: { 192.168.1.9: [a, b], 192.168: { 1: x }, eno1.100: { mtu: 1500 } }";

  it.each([
    ["names.192.168.1.9", '["a", "b"]'],
    ["names.192.168.1.9.1", '"b"'],
    ["names.192.168.1", '"x"'],
    ["names.eno1.100.mtu", "1500"],
  ])("%s", async (key, value) => {
    const [head, place] = await explain(vars, key);
    expect(head).toBe(`${key} = ${value}`);
    expect(place).toMatch(/host_vars\/web\.yml:1:\d+ .* wins/);
  });

  it("are proposed where a key is not there", async () => {
    const { err } = await capture(
      ["explain", "lab/web", "names.192.168.1.8"],
      labFolder({ "host_vars/web.yml": `names: { 192.168.1.9: [a] }\n${SOUND["host_vars/web.yml"]}` }),
    );
    expect(err).toContain('did you mean "names.192.168.1.9"?');
  });

  it("are known where what is below is not set", async () => {
    const { out } = await capture(
      ["explain", "lab/pve1", "proxmox_node.interfaces.eno1.100.address"],
      labFolder(withNode("  interfaces: { eno1.100: {} }\n")),
    );
    expect(out).toContain("is not set");
  });
});

describe("the arguments of explain", () => {
  it("takes [0] for .0", async () => {
    expect((await explain("list: [{ a: [x, y] }]", "list[0].a[1]"))[0]).toBe('list.0.a.1 = "y"');
  });

  it.each(["mine", "mine/", "inventory/mine", "inventory/mine/"])(
    "%s is answered with a guest of it",
    async (target) => {
      const { code, err } = await capture(["explain", target, "x"], labFolder({}, "mine"));
      expect(code).toBe(2);
      expect(err).toContain(
        `expected LAB/HOST, found "${target}"; write for example ${target.replace(/\/$/, "")}/web\n`,
      );
    },
  );

  it("a lab that does not exist is answered with the form", async () => {
    const { err } = await capture(["explain", "nolab", "x"], labFolder({}, "mine"));
    expect(err).toContain("write for example tiers/jellyfin");
  });
});
