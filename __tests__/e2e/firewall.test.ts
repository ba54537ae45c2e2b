import { removeLabFolders } from "../support/lab-folder";
import { describeOnTestbed, LabRun, type LabText } from "./harness/lab-run";
import { grantPrinted } from "./harness/roles";

jest.setTimeout(240_000);

const NAMES = `
  aliases:
    desk: 10.20.9.9
    lans: { address: 10.20.0.0/16, comment: all of them }
  ipsets:
    management: [desk, { address: 10.20.8.0/24, comment: admins }, { address: 10.20.8.7, except: true }]
    printers: { members: [10.20.7.2, 10.20.7.0/28], comment: old }
  security_groups:
    base-in:
      hosts: guests
      comment: everyone
      rules:
        - { allow: Ping, comment: "is it there? \${x}" }
        - { allow: { from: [management, 10.20.1.1, "fd00:20::9"], protocol: tcp, port: 22 } }
    web:
      - { allow: { from: lan, protocol: tcp, port: [80, 443, 8000-8010] }, log: info }
`;
const RULES = `
  rules:
    - { allow: { from: lans, protocol: udp, port: 161 }, comment: SNMP }
    - { drop: { from: 10.20.66.0/24 }, enabled: false }
    - { allow: { from: desk, protocol: tcp, port: 1024-65535 }, comment: "the testbed's sshd" }
  nodes:
    pve1: { log_in: info, rules: [{ allow: { from: desk, macro: SSH } }] }
`;
const DATACENTER = ["ACCEPT dc/lans 161", "DROP 10.20.66.0/24", "ACCEPT dc/desk 1024:65535"];
const ON = `proxmox_firewall:\n  enabled: true${NAMES}${RULES}`;
const OFF = ON.replace("enabled: true", "enabled: false");

const own = (...rules: readonly string[]) =>
  `proxmox_guest_firewall:\n  rules:\n${rules.map((rule) => `    - ${rule}\n`).join("")}`;
const FIRST = own("{ group: web, card: eth0 }", "{ drop: { to: management }, direction: out }", "{ allow: DNS }");
const SECOND = own(
  "{ allow: DNS, comment: names }",
  "{ allow: { from: 10.20.5.5, protocol: tcp, port: 5432 } }",
  "{ group: web, card: eth0 }",
);

/** What an operator sees in the list of a level's rules. */
const listed = (rules: readonly { readonly [key: string]: unknown }[] = []) =>
  rules.map(({ action, dport, macro, source }) => [action, macro, source, dport].filter(Boolean).join(" "));

describeOnTestbed("the firewall of a lab", () => {
  let run: LabRun;
  beforeEach(async () => {
    run = await LabRun.start();
  });
  afterEach(() => run.close());
  afterAll(() => removeLabFolders());

  const text = (firewall: string, guests: string, lines: readonly string[] = []): LabText => ({
    guests: {
      web: ["vmid: 211", "networks: [{ ip: 10.20.0.11 }]", ...lines],
      db: ["vmid: 212", "networks: [{ ip: dhcp }]"],
    },
    files: { "group_vars/proxmox_nodes.yml": firewall, "group_vars/guests.yml": guests },
  });

  it("is applied in the order in which it is written with the rights that are printed; a second plan is empty", async () => {
    const lab = run.lab(text(ON, FIRST));
    await run.write(lab);
    const token = { TF_VAR_proxmox_api_token: grantPrinted(run.testbed, lab) };
    const applied = await run.terraform(["apply", "-auto-approve", "-no-color"], token);
    expect(applied).toMatchObject({ ok: true });
    expect((await run.plan(token)).changes).toEqual({});
    const { cluster, "guest/211": web, "guest/212": db, "node/pve1": node } = run.testbed.state.firewalls;
    expect(cluster?.options).toMatchObject({ enable: "1", policy_in: "DROP" });
    expect(listed(cluster?.rules)).toEqual(DATACENTER);
    expect(listed(cluster?.groups["base-in"]?.rules)).toEqual([
      "ACCEPT Ping",
      "ACCEPT 10.20.1.1 22",
      "ACCEPT fd00:20::9 22",
      "ACCEPT +dc/management 22",
    ]);
    expect(cluster?.groups["base-in"]?.rules[0]?.comment).toBe("is it there? ${x}");
    expect(listed(cluster?.groups.web?.rules)).toEqual([
      "ACCEPT 10.20.0.0/16 80,443,8000:8010",
      "ACCEPT fd00:20::/64 80,443,8000:8010",
    ]);
    expect(cluster?.ipsets.management?.entries.map(({ cidr }) => cidr).sort()).toEqual([
      "10.20.8.0/24",
      "10.20.8.7",
      "dc/desk",
    ]);
    expect(listed(node?.rules)).toEqual(["ACCEPT SSH dc/desk"]);
    expect(listed(web?.rules)).toEqual(["web", "DROP", "ACCEPT DNS", "base-in"]);
    expect([web?.options.dhcp, db?.options.dhcp]).toEqual(["0", "1"]);
    expect(run.testbed.state.guests[211]?.config.net0).toContain("firewall=1");
  });

  it("is changed in place, and follows a guest that is made anew", async () => {
    await run.write(text(ON, FIRST));
    await run.deploy();
    await run.write(text(ON, SECOND));
    const { changes } = await run.plan();
    expect(changes).toEqual({
      "proxmox_virtual_environment_firewall_rules.db": "update",
      "proxmox_virtual_environment_firewall_rules.web": "update",
    });
    await run.deploy(true);
    const after = ["ACCEPT DNS", "ACCEPT 10.20.5.5 5432", "web", "base-in"];
    expect(listed(run.testbed.state.firewalls["guest/211"]?.rules)).toEqual(after);
    expect((await run.plan()).changes).toEqual({});

    await run.write(text(ON, SECOND, ['rebuild: "1"']));
    expect((await run.plan()).changes).toMatchObject({
      "proxmox_virtual_environment_container.web": "replace",
      "proxmox_virtual_environment_firewall_rules.web": "replace",
      "proxmox_virtual_environment_firewall_options.web": "replace",
    });
    await run.deploy(true);
    expect(listed(run.testbed.state.firewalls["guest/211"]?.rules)).toEqual(after);
    expect(run.testbed.state.firewalls["guest/211"]?.options.enable).toBe("1");
    expect((await run.plan()).changes).toEqual({});
  });

  it("cannot be destroyed while it is on, for it would stay on without its rules", async () => {
    await run.write(text(ON, FIRST));
    await run.deploy();
    expect((await run.destroy()).output).toContain("Instance cannot be destroyed");
    await run.write(text(OFF, FIRST));
    await run.deploy();
    expect(await run.destroy()).toMatchObject({ ok: true });
    const { cluster } = run.testbed.state.firewalls;
    expect(cluster).toMatchObject({ rules: [], aliases: {}, ipsets: {}, groups: {} });
    expect(cluster?.options.enable).toBe("0");
  });

  it("refuses rules that are there already, or takes them over when told to", async () => {
    const there = { type: "in", action: "ACCEPT", enable: 1, proto: "tcp", dport: "9" };
    const empty = { options: {}, aliases: {}, ipsets: {}, groups: {} };
    run.testbed.state.firewalls = { cluster: { ...empty, rules: [there] }, "node/pve1": { ...empty, rules: [] } };
    await run.write(text(ON, FIRST));
    expect((await run.apply()).output).toContain("Existing rules detected");
    await run.write(text(ON.replace("enabled: true", "enabled: true\n  adopt: true"), FIRST));
    await run.deploy();
    expect(listed(run.testbed.state.firewalls.cluster?.rules)).toEqual(DATACENTER);
    expect((await run.plan()).changes).toEqual({});
  });
});
