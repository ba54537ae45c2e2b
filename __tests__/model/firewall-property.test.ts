import fc from "fast-check";
import { ruleBlock } from "../../constructs/firewall-rules";
import { FIREWALL_MACROS } from "../../model/firewall-macros";
import type { FirewallRule } from "../../model/lab";
import { startTestbed, type Testbed } from "../../testbed/api/index";
import { container, load, removeLabFolders, SOUND } from "../support/lab-folder";

const byte = fc.integer({ min: 1, max: 254 });
const address4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join("."));
const address6 = fc.tuple(byte, byte).map(([a, b]) => `fd00:${a.toString(16)}::${b.toString(16)}`);
const range4 = fc.tuple(byte, byte).map(([a, b]) => `10.${a}.${b}.0/24`);
const span = fc.tuple(byte, byte).map(([a, b]) => `10.0.${a}.1-10.0.${a}.${b + 1}`);
const end = fc.oneof(address4, address6, range4, span, fc.constantFrom("desk", "admins", "lan", "web", "fd00::/64"));
const ends = fc.oneof(end, fc.array(end, { minLength: 1, maxLength: 60 }));
const portNumber = fc.integer({ min: 1, max: 65535 });
const portRange = fc.tuple(portNumber, portNumber).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
const ports = fc.oneof(portNumber, fc.array(fc.oneof(portNumber, portRange), { minLength: 1, maxLength: 7 }));
const optional = <T>(given: fc.Arbitrary<T>) => fc.option(given, { nil: undefined });

const byPort = fc.record({
  from: optional(ends),
  to: optional(ends),
  protocol: fc.constantFrom("tcp", "udp", "sctp", "udplite", "dccp"),
  port: optional(ports),
  source_port: optional(ports),
});
const byProtocol = fc.record({
  from: optional(ends),
  protocol: fc.constantFrom("icmp", "icmpv6", "esp", "gre", "ospf"),
});
const byMacro = fc.record({ macro: fc.constantFrom(...FIREWALL_MACROS), from: optional(ends) });
const what = fc.oneof(byPort, byProtocol, byMacro, fc.constantFrom(...FIREWALL_MACROS), fc.constant({}));
const text = fc
  .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 })
  .map((each) => each.replaceAll(/[{}%]/g, "x"));
const rule = fc
  .record({
    action: fc.constantFrom("allow", "drop", "reject"),
    what,
    direction: optional(fc.constantFrom("in", "out", "forward")),
    card: optional(fc.constantFrom("vmbr0", "eno1")),
    log: optional(fc.constantFrom("info", "nolog", "emerg")),
    comment: optional(text),
    enabled: optional(fc.boolean()),
  })
  .map(({ action, what: match, ...rest }) => ({ [action]: match, ...rest }));

/** What an inventory's rules become; anything that is refused fails the test. */
function rendered(rules: readonly object[]): readonly FirewallRule[] {
  const firewall = {
    enabled: true,
    // Else rules that close the operator's way in would be refused, for another reason than their form.
    input: "accept",
    aliases: { desk: "10.0.0.9" },
    ipsets: { admins: ["desk"], management: ["desk"] },
    rules,
  };
  const { lab, problems } = load(
    {
      "group_vars/all.yml": `${SOUND["group_vars/all.yml"]}proxmox_firewall: ${JSON.stringify(firewall)}\n`,
      "host_vars/web.yml": container("vmid: 301", "networks: [{ ip: 192.168.1.51 }]"),
    },
    [],
  );
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return lab?.firewall?.rules ?? [];
}

/** The request that the provider makes of a block. */
function parametersOf(given: FirewallRule): Record<string, string> {
  const { enabled, ...rest } = ruleBlock(given);
  return Object.fromEntries(
    Object.entries({ ...rest, enable: enabled === false ? 0 : 1 }).map(([key, value]) => [key, String(value)]),
  );
}

describe("every rule that the inventory accepts", () => {
  let testbed: Testbed;
  beforeAll(async () => {
    testbed = await startTestbed({ authDelayMs: 0 });
  });
  afterAll(async () => {
    await testbed.close();
    removeLabFolders();
  });

  it("is a rule, or several, that Proxmox VE accepts", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { minLength: 20, maxLength: 40 }), async (rules) => {
        const all = rendered(rules);
        expect(all.length).toBeGreaterThan(0);
        for (const each of all) {
          const parameters = parametersOf(each);
          const answer = await testbed.local({ method: "POST", path: "/cluster/firewall/rules", parameters });
          expect([answer.errors ?? answer.message, parameters]).toEqual([undefined, parameters]);
        }
      }),
      { numRuns: 15 },
    );
  });
});
