import type { TieredLxcProps } from "../../constructs/lxc-props";
import { TieredLxc } from "../../constructs/tiered-lxc";
import { NIC, VOLUME } from "../support/lxc";
import { TestStack } from "../support/synth";

function problems(changes: Partial<TieredLxcProps>): string {
  const stack = new TestStack();
  let message = "";
  try {
    new TieredLxc(stack, "web", stack.props(changes));
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
  }
  return message;
}

describe("wrong props", () => {
  it("reports all of them, with the path of the construct", () => {
    expect(problems({ memoryMiB: 2.5, vmid: 99, tags: ["Web Server"] }).split("\n")).toEqual([
      "[lab/web] vmid: expected a whole number from 100 to 999999999, got 99; write 100",
      "[lab/web] memoryMiB: expected a whole number of 16 or more, got 2.5; write 16",
      '[lab/web] tags: expected lower-case letters, digits, "_", ".", "+" and "-", got "Web Server"; write "web-server"',
    ]);
  });

  it.each<[string, Partial<TieredLxcProps>, RegExp]>([
    ["a host name with an underscore", { hostname: "web_1" }, /hostname: expected DNS labels/],
    [
      "a gateway with dhcp",
      { nics: [{ ...NIC, address: "dhcp" }] },
      /nics\[0\]\.gateway: expected only with a static address/,
    ],
    [
      "an IPv6 gateway with auto",
      { nics: [{ name: "eth0", bridge: "b", address6: "auto", gateway6: "fe80::1" }] },
      /gateway6/,
    ],
    ["a card without address before one that has", { nics: [{ name: "a", bridge: "b" }, NIC] }, /move it to the end/],
    ["two cards of one name", { nics: [NIC, NIC] }, /each name once, got "eth0" twice/],
    ["eleven cards", { nics: Array.from({ length: 11 }, (_, i) => ({ name: `e${i}`, bridge: "b" })) }, /at most 10/],
    ["a VLAN out of range", { nics: [{ ...NIC, vlan: 4095 }] }, /nics\[0\]\.vlan/],
    ["two mounts in one place", { mounts: [VOLUME, VOLUME] }, /each path once/],
    ["a relative mount", { mounts: [{ ...VOLUME, path: "data" }] }, /absolute path/],
    ["a relative bind source", { mounts: [{ kind: "bind", source: "srv", path: "/srv" }] }, /folder of the node/],
    ["a device elsewhere than in /dev", { devices: [{ path: "/etc/passwd" }] }, /under \/dev/],
    [
      "257 mounts",
      { mounts: Array.from({ length: 257 }, (_, index) => ({ ...VOLUME, path: `/m${index}` })) },
      /^.* mounts: expected at most 256/,
    ],
    ["a device mode that is none", { devices: [{ path: "/dev/x", mode: "rw" }] }, /four octal digits/],
    ["a rebuild of an adopted guest", { adopt: true, rebuild: "1" }, /remove `adopt`/],
    ["a rebuild of a protected guest", { protection: true, rebuild: "1" }, /protection: false/],
    ["delays without an order", { startupUpDelaySeconds: 3 }, /startupOrder/],
    ["a role twice", { steps: [{ role: "base" }, { role: "base" }] }, /each role once, got base twice/],
    [
      "roles in a circle",
      {
        steps: [
          { role: "a", after: ["b"] },
          { role: "b", after: ["a"] },
        ],
      },
      /circle of a, b/,
    ],
  ])("refuses %s", (_, changes, message) => {
    const found = problems(changes);
    expect(found).toMatch(message);
    for (const line of found.split("\n")) expect(line).toMatch(/^\[lab\/web\] [\w.[\]]+: expected .+, got .+; .+/);
  });

  it("reports two guests with one VMID or one address, all of them", () => {
    const stack = new TestStack();
    for (const name of ["a", "b", "c"]) new TieredLxc(stack, name, stack.props({ nics: [NIC] }));
    expect(() => stack.synth()).toThrow(/VMID 301: expected one guest, got lab\/a and lab\/b and lab\/c/);
    expect(() => stack.synth()).toThrow(/address 192\.168\.1\.51: expected one guest/);
  });
});
