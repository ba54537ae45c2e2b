import fc from "fast-check";
import { container } from "../../../model/schema/guest";
import { parse } from "../../../model/schema/parse";
import { sizeIn } from "../../../model/schema/units";
import { lxc, treeOf } from "../../support/schema-problems";

describe("sizes", () => {
  it.each([
    ["8 GB", 8192],
    ["8G", 8192],
    ["16GiB", 16384],
    ["512MB", 512],
    ["512 mib", 512],
    ["1.5 GB", 1536],
    ["1T", 1048576],
    ["524288 KB", 512],
  ])("a memory of %s is %d MiB", (text, mib) => {
    expect(lxc({ memory: text })).toEqual([
      `x.yml:2:9 proxmox_lxc.memory: expected a whole number of MiB, got "${text}"; write ${mib}`,
    ]);
  });

  it("a disk is counted in GiB, as a number or as a string of digits", () => {
    expect(lxc({ disk: "500GB" })).toEqual([expect.stringMatching(/whole number of GiB, got "500GB"; write 500$/)]);
    expect(lxc({ disk: "1 TB" })).toEqual([expect.stringMatching(/write 1024$/)]);
    expect(lxc({ disk: "512MB" })).toEqual([expect.not.stringContaining("write")]);
    for (const disk of [8, "8"]) {
      expect(parse(container, treeOf({ vmid: 301, disk }), "proxmox_lxc").value?.disk).toBe(8);
    }
  });

  it("memory that is likely meant in GiB is said so", () => {
    expect(lxc({ memory: 8 })).toEqual([expect.stringMatching(/of at least 16, got 8; write 8192 for 8 GiB$/)]);
  });

  it("refuses what is no whole number, without proposing one", () => {
    for (const memory of [1.5, -5, true, null, [1], "lots", "", "8 GB or so", 12345678901234567890n]) {
      expect(lxc({ memory })).toHaveLength(1);
    }
  });

  it("reads every whole number of every unit back", () => {
    const units = fc.constantFrom(
      ["M", 1],
      ["MB", 1],
      ["MiB", 1],
      ["G", 1024],
      ["gb", 1024],
      ["GiB", 1024],
      ["TB", 1048576],
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100000 }), units, fc.constantFrom("", " ", "  "), (n, [unit, mib], gap) => {
        expect(sizeIn("MiB", `${n}${gap}${unit}`)).toBe(n * Number(mib));
        const gib = (n * Number(mib)) / 1024;
        expect(sizeIn("GiB", `${n}${gap}${unit}`)).toBe(Number.isInteger(gib) ? gib : undefined);
      }),
    );
  });

  it("never takes other text for a size", () => {
    fc.assert(fc.property(fc.string(), (text) => /^\s*\d/.test(text) || sizeIn("MiB", text) === undefined));
  });
});
