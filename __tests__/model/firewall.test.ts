import { files, ME } from "../support/firewall";
import { load, removeLabFolders, SOUND, told } from "../support/lab-folder";

afterAll(() => removeLabFolders());

const lab = (wide: readonly string[], own?: readonly string[]) => {
  const result = load(files(wide, own), []);
  if (!result.lab) throw new Error(JSON.stringify(result.problems, undefined, 2));
  return result.lab;
};
const problems = (wide: readonly string[], own?: readonly string[]) => load(files(wide, own), []).problems;
const errors = (wide: readonly string[], own?: readonly string[]) =>
  problems(wide, own).filter(({ severity }) => severity === "error");

/** The rules of web that one rule of the inventory stands for, without their place. */
const rendered = (rule: string, wide: readonly string[] = ["enabled: true", ME]) =>
  lab(wide, ["rules:", `  - ${rule}`]).guests[0]?.firewall?.rules.map(({ at: _, ...rest }) => rest);

describe("a rule", () => {
  it.each([
    ["{ allow: SSH }", { action: "ACCEPT", direction: "in", macro: "SSH" }],
    ["{ drop: { protocol: tcp, port: [443, 8000-8010, '90:91'] } }", { action: "DROP", port: "443,8000:8010,90:91" }],
    ["{ reject: { from: 10.0.0.1/32, to: lan } }", { action: "REJECT", from: "10.0.0.1", to: "192.168.1.0/24" }],
    [
      "{ allow: { from: management }, direction: out, log: info }",
      { from: "+dc/management", direction: "out", log: "info" },
    ],
    ["{ allow: { from: web } }", { from: "192.168.1.51" }],
    ["{ allow: {}, card: mgmt, comment: all, enabled: false }", { iface: "net1", comment: "all", enabled: false }],
  ])("%s", (text, expected) => {
    const rules = rendered(text);
    expect(rules).toHaveLength(1);
    expect(rules?.[0]).toMatchObject({ kind: "packets", enabled: !("enabled" in expected), ...expected });
  });

  it("becomes one for each name and family that Proxmox VE takes no list of", () => {
    const wide = ["enabled: true", "aliases: { desk: 192.168.1.7 }", ME];
    const rules = rendered(
      "{ allow: { from: [10.0.0.1, desk, 'fd00::1', management, 10.0.0.2], to: 10.9.0.0/16 } }",
      wide,
    );
    expect(rules?.map((rule) => "from" in rule && rule.from)).toEqual([
      "10.0.0.1,10.0.0.2",
      "dc/desk",
      "+dc/management",
    ]);
  });

  it.each([
    [
      "{ allow: Shh }",
      'expected the name of one of Proxmox VE\'s macros, such as SSH or HTTPS, got "Shh"; did you mean SSH?',
    ],
    ["{ allow: { port: 80 } }", "a port needs a protocol; add protocol: tcp (or udp)"],
    ["{ allow: { protocol: icmp, port: 8 } }", "icmp has no ports"],
    ["{ allow: { protocol: tcp, port: https } }", "expected a port from 1 to 65535"],
    ["{ allow: { protocol: tcp, port: 90-80 } }", "write 80-90"],
    ["{ allow: { protocol: tcpp } }", "expected one of tcp, udp"],
    ["{ allow: { from: 10.0.0.1/24 } }", "write 10.0.0.0/24, or 10.0.0.1 for the one address"],
    ["{ allow: { from: 0.0.0.0/0 } }", "for every address leave it out"],
    [
      "{ allow: { from: managment } }",
      'no alias, IP set, network or host is called "managment"; did you mean "management"?',
    ],
    ["{ allow: SSH, drop: SSH }", "expected one of allow, drop, reject, group, got allow and drop; write two rules"],
    ["{ comment: nothing }", "expected one of allow, drop, reject, group, got none"],
    ["{ group: webs }", 'no security group is called "webs"; did you mean "web"?'],
    ["{ group: web, direction: out }", "the rules of a group say direction themselves"],
    ["{ allow: SSH, card: eth9 }", 'web has no network card "eth9"; did you mean "eth0"?'],
    ["{ allow: SSH, direction: forward }", "a guest has only in and out"],
    ["{ allow: { macro: SSH, protocol: tcp } }", "a macro brings protocol and ports itself"],
  ])("%s is refused in words", (text, expected) => {
    const wide = ["enabled: true", ME, "security_groups: { web: { hosts: web, rules: [{ allow: HTTP }] } }"];
    const found = errors(wide, ["rules:", `  - ${text}`]).map(({ fix, message }) => `${message}; ${fix}`);
    expect(found).toEqual([expect.stringContaining(expected)]);
  });

  it("takes at most 15 ports, of which a range counts two", () => {
    const ports = (numbers: number) => Array.from({ length: numbers }, (_, index) => index + 1).join(", ");
    expect(errors(["enabled: true", ME], ["rules:", `  - { allow: { protocol: tcp, port: [${ports(15)}] } }`])).toEqual(
      [],
    );
    const [found] = errors(
      ["enabled: true", ME],
      ["rules:", `  - { allow: { protocol: tcp, port: [${ports(14)}, 20-30] } }`],
    );
    expect(found?.message).toContain("these are 16");
  });
});

describe("names", () => {
  it.each([
    ["aliases: { Lan: 10.0.0.0/24 }", "write lan"],
    ["aliases: { x: 10.0.0.0/24 }", "an alias's name"],
    ["security_groups: { a-name-that-is-too-long: [] }", "2 to 18"],
    ["ipsets: { a-set: [other-set], other-set: [] }", "an IP set cannot hold another one"],
    ["ipsets: { a-set: [10.0.0.1-10.0.0.9] }", "no range from one address to another"],
    ["security_groups: { one: [{ group: two }], two: [] }", "a security group cannot hold another one"],
    ["security_groups: { one: [{ allow: SSH, card: eth0 }] }", "whose cards differ"],
    [
      "security_groups: { one: { hosts: guest, rules: [] } }",
      'no group or host of the inventory is called "guest"; did you mean "guests"?',
    ],
    ["nodes: { pve2: {} }", 'no node is called "pve2"; did you mean "pve1"?'],
    ["input: deny", "expected one of accept, drop, reject"],
  ])("%s is refused in words", (line, expected) => {
    const found = errors(["enabled: true", ...(line.startsWith("input") ? [] : ["input: accept"]), line]);
    expect(found.map(({ fix, message }) => `${message}; ${fix}`).join("\n")).toContain(expected);
    expect(found).toHaveLength(1);
  });

  it("a set may name the network that it is called after", () => {
    const { firewall } = lab(["enabled: false", "ipsets: { lan: [lan] }"]);
    expect(firewall?.ipsets[0]?.entries).toEqual([{ cidr: "192.168.1.0/24", except: false }]);
  });

  it("of an alias and an IP set differ", () => {
    const found = errors(["enabled: false", "aliases: { desk: 10.0.0.1 }", "ipsets: { desk: [10.0.0.1] }"]);
    expect(found.map(({ rule }) => rule)).toEqual(["firewall-name-twice"]);
  });

  it("stand for addresses that the inventory has, or are refused", () => {
    const result = load(
      {
        ...files(["enabled: true", ME], ["rules: [{ allow: { from: db } }]"]),
        "hosts.yml": `${SOUND["hosts.yml"]}    other: { hosts: { db: } }\n`,
      },
      [],
    );
    expect(told(result, "firewall-name-without-address")).toEqual([expect.stringContaining('"db" has no address')]);
  });

  it("a set is sorted and without repeats, as Proxmox VE keeps it", () => {
    const set =
      "ipsets: { set: [lan, 10.0.0.9, { address: 10.0.0.0/24, comment: c }, 10.0.0.9/32, desk, { address: 10.0.0.7, except: true }] }";
    const { firewall } = lab(["enabled: false", "aliases: { desk: 10.0.0.1 }", set]);
    expect(firewall?.ipsets[0]?.entries).toEqual([
      { cidr: "10.0.0.0/24", except: false, comment: "c" },
      { cidr: "10.0.0.7", except: true },
      { cidr: "10.0.0.9", except: false },
      { cidr: "192.168.1.0/24", except: false },
      { cidr: "dc/desk", except: false },
    ]);
  });
});

describe("a guest", () => {
  const GROUPS =
    "security_groups: { base: { hosts: [guests], rules: [{ allow: Ping }] }, web: { hosts: web, rules: [{ allow: HTTP }] } }";

  it("has its own rules, then the security groups of its groups in the order in which they are written", () => {
    const rules = lab(["enabled: true", ME, GROUPS], ["rules: [{ allow: SSH }]"]).guests[0]?.firewall?.rules;
    expect(rules?.map((rule) => (rule.kind === "group" ? rule.group : rule.macro))).toEqual(["SSH", "base", "web"]);
  });

  it("keeps a security group where it names it itself", () => {
    const rules = lab(["enabled: true", ME, GROUPS], ["rules: [{ group: web }, { drop: {} }]"]).guests[0]?.firewall
      ?.rules;
    expect(rules?.map((rule) => (rule.kind === "group" ? rule.group : rule.action))).toEqual(["web", "DROP", "base"]);
  });

  it("has its cards filtered, with the place that says so, and DHCP let through where a card asks for an address", () => {
    const [web] = lab(["enabled: true", ME], ["rules: []"]).guests;
    expect(web?.nics.map(({ firewall }) => firewall)).toEqual([true, true]);
    expect(web?.source.of["nics.0.firewall"]?.file).toContain("host_vars/web.yml");
    expect(web?.firewall).toMatchObject({
      enabled: true,
      input: "DROP",
      output: "ACCEPT",
      dhcp: true,
      macfilter: true,
    });
  });

  it("without a firewall of its own has cards that are not filtered", () => {
    expect(lab(["enabled: true", ME]).guests[0]?.nics.map(({ firewall }) => firewall)).toEqual([false, false]);
  });
});
