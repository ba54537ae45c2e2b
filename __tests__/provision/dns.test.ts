import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Setting } from "../../constructs/settings-file";
import { reverseOf, zoneFiles } from "../../provision/dns/zones";
import { allRoles } from "../../provision/registry";
import type { HostView, LabView } from "../../provision/role";
import { container, hosts, load, removeLabFolders, told } from "../support/lab-folder";
import { describeInSandbox, Sandbox } from "../support/sandbox";

afterAll(removeLabFolders);

const hasBind = !spawnSync("named-checkzone", ["-v"]).error;
if (!hasBind) process.stderr.write("skipped: no named-checkzone (Debian: bind9-utils) to read zones with\n");

const host = (name: string, addresses: readonly string[], more: Partial<HostView> = {}): HostView => ({
  name,
  hostname: name,
  kind: "container",
  addresses: addresses.map((address) => ({ address })),
  groups: [],
  variable: () => undefined,
  ...more,
});
const OPTIONS = { domain: "home.arpa", ttl: 3600, contact: "hostmaster", further: [] };
const self = host("dns", ["10.203.3.201"], { groups: ["dns_hosts"] });
const view = (...others: readonly HostView[]): LabView => ({ hosts: [self, ...others], networks: [] });

function verdict(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "zone-")), "zone");
  writeFileSync(file, text.replace("@SERIAL@", "1"));
  const { status, stdout } = spawnSync("named-checkzone", [name, file], { encoding: "utf8" });
  return status === 0 ? "" : stdout;
}

describe("zones", () => {
  it("hold every host forward and reverse, and aliases", () => {
    const git = host("gitlab", ["10.203.3.184", "fd00::184"], { variable: () => ["git", "registry"] });
    const zones = Object.fromEntries(zoneFiles(view(git), self, OPTIONS).map(({ name, text }) => [name, text]));
    expect(Object.keys(zones)).toEqual([
      "0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
      "3.203.10.in-addr.arpa",
      "home.arpa",
    ]);
    expect(zones["home.arpa"]).toContain("gitlab IN A 10.203.3.184\n");
    expect(zones["home.arpa"]).toContain("gitlab IN AAAA fd00::184\n");
    expect(zones["home.arpa"]).toContain("registry IN CNAME gitlab\n");
    expect(zones["3.203.10.in-addr.arpa"]).toContain("184 IN PTR gitlab.home.arpa.\n");
    if (hasBind) for (const [name, text] of Object.entries(zones)) expect(verdict(name, text)).toBe("");
  });

  it("stay apart where networks have domains of their own, and name every server", () => {
    const cam = host("cam", [], { addresses: [{ address: "10.9.0.7", domain: "iot.home.arpa" }] });
    const second = host("dns2", ["10.203.3.202"], { groups: ["dns_hosts"] });
    const zones = zoneFiles(view(cam, second), self, OPTIONS);
    expect(zones.map(({ name }) => name)).toContain("iot.home.arpa");
    for (const { text } of zones) {
      expect(text).toContain("@ IN NS dns.home.arpa.\n");
      expect(text).toContain("@ IN NS dns2.home.arpa.\n");
    }
    expect(zones.find(({ name }) => name === "home.arpa")?.text).not.toContain("cam");
  });

  it("are accepted by BIND whatever addresses hosts have", () => {
    if (!hasBind) return;
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(fc.uniqueArray(address, { minLength: 1, maxLength: 5 }), (addresses) => {
        const zones = zoneFiles(view(host("many", addresses)), self, OPTIONS);
        expect(zones.map(({ name, text }) => verdict(name, text)).filter((said) => said !== "")).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it("reverse names are those of the address", () => {
    expect(reverseOf("192.168.1.7")).toEqual({ zone: "1.168.192.in-addr.arpa", name: "7" });
    expect(reverseOf("2001:db8::1").zone).toBe("0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  });
});

describe("the inventory's part", () => {
  const lab = (dns: string, more: Readonly<Record<string, string>> = {}) =>
    load(
      {
        "hosts.yml": hosts({ dns_hosts: ["ns"], guests: ["web", "ns"] }),
        "host_vars/ns.yml": `${container("vmid: 302", "networks: [{ ip: 192.168.1.53 }]")}${dns}`,
        "host_vars/web.yml": `${container("vmid: 301", "networks: [{ ip: 192.168.1.80 }]")}dns_aliases: [www]\n`,
        ...more,
      },
      allRoles(),
    );

  it("gives the role every host, and runs it again when one comes", () => {
    const step = (result: ReturnType<typeof lab>) =>
      result.lab?.guests.find(({ name }) => name === "ns")?.steps.find(({ role }) => role === "dns");
    const settings = step(lab("dns_domain: home.arpa\n"))?.settings ?? {};
    expect(settings.dns_networks).toEqual(["192.168.1.0/24"]);
    const text = JSON.stringify(settings.dns_zone_files);
    for (const part of [
      "web IN A 192.168.1.80",
      "www IN CNAME web",
      "pve1 IN A 192.168.1.10",
      "80 IN PTR web.home.arpa.",
    ])
      expect(text).toContain(part);
  });

  it("refuses a server without a static address, which no zone could name", () => {
    const own = `${container("vmid: 302", "networks: [{ ip: dhcp }]")}dns_domain: home.arpa\n`;
    const result = lab("", { "host_vars/ns.yml": own });
    expect(told(result, "role-setting").join("\n")).toMatch(/ns serves names, and has no static address/);
  });

  it("refuses records that no zone could hold, with the place", () => {
    const { problems } = lab(
      'dns_domain: home.arpa\ndns_zones: { example.org: [{ name: "a b", type: A, value: 1.2.3.4 }, { name: w, type: MX, value: mail }] }\n',
    );
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["dns_zones.example.org.0.name", "dns_zones.example.org.1.value"]),
    );
  });
});

const COMMANDS = {
  "dpkg-query": "[ -e /var/installed ] && echo 'installed 9.20'",
  dpkg: ":",
  "apt-cache": ":",
  "apt-get":
    "case $* in *download-only*) ;; *install*) touch /var/installed; mkdir -p /etc/bind /var/cache/bind ;; esac",
  systemctl: `case $1 in is-*) [ -e /var/running ]; exit ;; enable) touch /var/running ;; esac
    echo "$*" >>/var/calls`,
};
const guest = () => new Sandbox({ commands: COMMANDS, files: { "var/calls": "", "run/systemd/system/x": "" } });

describeInSandbox("the dns role", () => {
  const settings = (...others: readonly HostView[]): { [name: string]: Setting } => ({
    dns_domain: "home.arpa",
    dns_forwarders: ["192.0.2.1"],
    dns_networks: ["10.203.3.0/24"],
    dns_zone_files: zoneFiles(view(...others), self, OPTIONS),
  });
  const serial = (sandbox: Sandbox, zone = "home.arpa") =>
    Number(/\((\d+) /.exec(sandbox.read(`etc/bind/zones/${zone}.zone`))?.[1]);

  it("writes what BIND accepts, once, and starts it", () => {
    const sandbox = guest();
    expect(sandbox.check("dns", settings()).status).toBe(2);
    expect(sandbox.apply("dns", settings())).toMatchObject({ status: 0 });
    expect(sandbox.read("etc/bind/named.conf.options")).toContain("192.0.2.1;");
    expect(sandbox.read("etc/bind/named.conf.local")).toContain('zone "home.arpa"');
    expect(sandbox.read("var/calls")).toMatch(/enable --now named\n.*reload-or-restart named\n/s);
    const before = sandbox.digest();
    expect(sandbox.check("dns", settings())).toMatchObject({ status: 0 });
    expect(sandbox.apply("dns", settings()).output).toContain("done: 0 changed");
    expect(sandbox.digest()).toBe(before);
  });

  it("raises a zone's serial when the zone changes, and only then; and reloads", () => {
    const sandbox = guest();
    sandbox.apply("dns", settings());
    const [forward, reverse] = [serial(sandbox), serial(sandbox, "3.203.10.in-addr.arpa")];
    const { output } = sandbox.apply("dns", settings(host("web", ["10.7.7.7"])));
    expect(serial(sandbox)).toBe(forward + 1);
    expect(serial(sandbox, "3.203.10.in-addr.arpa")).toBe(reverse);
    expect(output).toContain("named reloaded");
  });

  it("takes zones away that nothing is in any more", () => {
    const sandbox = guest();
    sandbox.apply("dns", settings(host("web", ["10.7.7.7"])));
    expect(sandbox.apply("dns", settings()).output).toContain("7.7.10.in-addr.arpa.zone removed");
    expect(sandbox.read("etc/bind/named.conf.local")).not.toContain("7.7.10");
  });

  it("changes nothing when BIND would refuse a zone, and says what it said", () => {
    if (!hasBind) return;
    const sandbox = guest();
    sandbox.apply("dns", settings());
    const before = sandbox.read("etc/bind/zones/home.arpa.zone");
    const twice = host("web", ["10.7.7.7"], { variable: () => ["dns"] });
    const { output, status } = sandbox.apply("dns", settings(twice));
    expect(status).toBe(1);
    expect(output).toMatch(/named-checkzone refuses the zone home\.arpa.*\n?.*CNAME and other data/s);
    expect(sandbox.read("etc/bind/zones/home.arpa.zone")).toBe(before);
  });
});
