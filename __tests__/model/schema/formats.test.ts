import fc from "fast-check";
import type { z } from "zod";
import * as formats from "../../../model/schema/formats";
import { lxc } from "../../support/schema-problems";

describe("formats", () => {
  const accepts = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

  it.each<[string, z.ZodType, unknown[], unknown[]]>([
    [
      "hostnames",
      formats.dnsLabel(),
      ["web", "web-1", "a", "1a", "a".repeat(63)],
      ["web_1", "-web", "web-", "a.b", "", "a".repeat(64), "a b", 5],
    ],
    ["tags", formats.tag(), ["web", "a_b", "1", "_x", "a+b.c-d"], ["Web", "-a", "a b", "a;b", ""]],
    ["vmids", formats.vmid(), [100, "301", 999999999], [99, 1000000000, "abc", 1.5]],
    [
      "MAC addresses",
      formats.mac(),
      ["BC:24:11:00:00:01", "bc:24:11:aa:bb:cc"],
      ["BD:24:11:00:00:01", "BC-24-11-00-00-01", "BC:24:11"],
    ],
    ["VLANs", formats.vlan(), [1, 4094], [0, 4095]],
    [
      "IPv4 addresses",
      formats.ipv4(),
      ["10.0.0.1"],
      ["10.1", "10.0.0.256", "0x7f.1", "10.0.0.1/24", "::1", "010.0.0.1x"],
    ],
    [
      "IPv4 of cards",
      formats.nicAddress4(),
      ["dhcp", "10.0.0.1", "10.0.0.1/24"],
      ["auto", "DHCP ", "10.0.0.1/33", "10.0.0.1/"],
    ],
    [
      "IPv6 of cards",
      formats.nicAddress6(),
      ["auto", "dhcp", "fd00::1/64", "fd00::1"],
      ["10.0.0.1", "fe80::1%eth0", "fd00::1/129"],
    ],
    ["storages", formats.storageName(), ["local", "local-lvm", "a1"], ["a", "1a", "a-", "a b", "a;b"]],
    [
      "bridges",
      formats.interfaceName(),
      ["vmbr0", "vmbr0.10"],
      ["vmbr0;reboot", "", "a".repeat(16), "a b", "-a", ".."],
    ],
    [
      "addresses of nodes",
      formats.hostCidr4(),
      ["10.0.100.1/24", "10.0.0.0/31", "10.0.1.0/23"],
      ["10.0.100.0/24", "10.0.100.255/24", "10.0.100.1"],
    ],
    ["paths", formats.path(), ["/data", "/", "/mnt/a b"], ["data", "/a/../b", "/a/.", "/a,size=1", "/a\nb"]],
    ["devices", formats.devicePath(), ["/dev/dri/renderD128", "/dev/net/tun"], ["/etc/passwd", "/dev/", "/dev/$(x)"]],
    ["file modes", formats.fileMode(), ["0660", "0440"], [0o660, 660, 440, "660", "rw", "0999"]],
    ["URLs", formats.url(), ["https://a.example/b.tar.zst"], ["ftp://a", "https://a b", "https://a/`id`", "https://"]],
    [
      "API hosts",
      formats.hostAddress(),
      ["pve1", "pve1.example.org", "10.0.0.1", "fd00::1"],
      ["https://pve1", "pve1:8006", "1.2.3.4.5", "10.1", "a b", ""],
    ],
    ["flags", formats.flag(), [true, false], ["true", "yes", 1, null]],
    [
      "volumes",
      formats.volume("vztmpl"),
      ["local:vztmpl/debian.tar.zst"],
      ["local:iso/x", "vztmpl/x", "local:vztmpl/a/../b"],
    ],
  ])("%s", (_, schema, good, bad) => {
    expect(good.filter((value) => !accepts(schema, value))).toEqual([]);
    expect(bad.filter((value) => accepts(schema, value))).toEqual([]);
  });

  it.each([
    [{ hostname: "My_App" }, "write my-app"],
    [{ tags: ["Prod"] }, "write prod"],
    [{ started: "yes" }, "write true, without quotes"],
    [{ networks: [{ mac: "BC-24-11-00-00-01" }] }, "write BC:24:11:00:00:01"],
    [{ networks: [{ gateway: "192.168.1.1/24" }] }, "write 192.168.1.1"],
    [{ hostname: 12 }, 'write "12" in quotes'],
  ])("%j: %s", (value, fix) => {
    expect(lxc(value)).toEqual([expect.stringContaining(`; ${fix}`)]);
  });

  it("no text with shell metacharacters gets into names", () => {
    const nasty = fc.string().filter((text) => /[;$`'"\\\n\r|&<>(){}*?~!#]/.test(text));
    const names = [
      formats.dnsLabel(),
      formats.tag(),
      formats.storageName(),
      formats.interfaceName(),
      formats.poolName(),
      formats.plainName(),
    ];
    fc.assert(fc.property(nasty, (text) => names.every((schema) => !accepts(schema, text))));
  });
});

describe("a file mode without quotes", () => {
  it.each([
    [0o440, '"0440" where 0440 stands, which YAML reads as 288'],
    [440, '"0670" where 0670 stands, which YAML reads as 440, "0440" where 440 stands'],
    [9999, '"0660"'],
  ])("%d is refused, with what to write for each way it may have been written", (input, fix) => {
    const issue = formats.fileMode().safeParse(input).error?.issues[0];
    expect(issue).toMatchObject({ code: "custom", params: { fix: `write it in quotes: ${fix}` } });
  });
});
