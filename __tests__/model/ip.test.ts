import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { canonical, toNumber } from "../../model/resolve/ip";

const octet = fc.integer({ min: 0, max: 255 });
const dotted = fc.tuple(octet, octet, octet, octet).map((bytes) => bytes.join("."));
const prefix = fc.constantFrom("", "/0", "/24", "/32");

describe("addresses as numbers", () => {
  it("the short way for IPv4 gives what ipaddr.js gives", () => {
    fc.assert(
      fc.property(dotted, prefix, (address, behind) => {
        const bytes = ipaddr.parse(address).toByteArray();
        const expected = bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
        expect(toNumber(address + behind)).toBe(expected);
        expect(canonical(address + behind)).toBe(address);
      }),
    );
  });

  it.each([
    ["010.0.0.1", "8.0.0.1"],
    ["FD00:0::1/64", "fd00::1"],
    ["fd00::1", "fd00::1"],
  ])("other spellings go the long way: %s is %s", (address, expected) => {
    expect(canonical(address)).toBe(expected);
  });

  it.each(["256.0.0.1", "1.2.3.4.5"])("%s is no address", (address) => {
    expect(() => toNumber(address)).toThrow();
  });
});
