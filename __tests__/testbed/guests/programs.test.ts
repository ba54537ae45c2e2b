import { startTestbed, type Testbed } from "../../../testbed/api/index";
import { program } from "../../../testbed/guests/programs";
import type { CommandResult } from "../../../testbed/guests/shell";

let testbed: Testbed;
beforeEach(async () => {
  testbed = await startTestbed({ storages: { slow: { type: "zfspool", pool: "slow" } } });
});
afterEach(() => testbed.close());

/** What a program prints on the node pve1. */
const typed = (words: string): Promise<CommandResult> =>
  program("pve1", words.split(" "), (call) => testbed.local(call));

const CREATE = "pct create 301 local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst --storage local-lvm --hostname web";
const BACKUPS = "pvesh get /nodes/pve1/storage/local/content --content backup --output-format json";

describe("pvesh on a node", () => {
  it("prints an answer as one line of JSON with its keys in order", async () => {
    const { code, output } = await typed("pvesh get /nodes/pve1/network/vmbr0 --output-format json");
    expect(code).toBe(0);
    expect(output).toMatch(/^\{"active":1,.*"type":"bridge"\}\n$/);
    expect(Object.keys(JSON.parse(output))).toEqual(Object.keys(JSON.parse(output)).sort());
  });

  it("lists backups, which pct restores over what is there, and pct keeps the container's settings", async () => {
    expect(await typed(CREATE)).toMatchObject({ code: 0 });
    expect(await typed(BACKUPS)).toMatchObject({ code: 0, output: "[]\n" });
    expect(await typed("pvesh create /nodes/pve1/vzdump --vmid 301 --storage local")).toMatchObject({ code: 0 });
    const [backup] = JSON.parse((await typed(BACKUPS)).output) as { volid: string; vmid: number }[];
    expect(backup).toMatchObject({ vmid: 301, volid: expect.stringMatching(/^local:backup\/vzdump-lxc-301-/) });
    const restored = await typed(`pct restore 301 ${backup?.volid} --force 1 --storage local-lvm`);
    expect(restored).toMatchObject({ code: 0, errors: "" });
    expect((await typed("pct config 301")).output).toContain("hostname: web\n");
  });

  it("writes the network's options, and waits for the reload", async () => {
    await typed("pvesh set /nodes/pve1/network/vmbr0 --type bridge --comments mine --bridge_ports eno1");
    expect(await typed("pvesh set /nodes/pve1/network")).toMatchObject({ code: 0, errors: "" });
    expect((await typed("pvesh get /nodes/pve1/network/vmbr0")).output).toMatch(/"comments":"mine/);
  });

  it("fails with the API's words", async () => {
    expect(await typed("pvesh get /nodes/pve1/storage/gone/content")).toMatchObject({
      ...{ code: 255, output: "", errors: "storage 'gone' does not exist\n" },
    });
    expect(await typed("pvesh ls /")).toMatchObject({ code: 255, output: "" });
  });
});

describe("pvesm path on a node", () => {
  it("is where a file is, or would be", async () => {
    expect(await typed("pvesm path local:import/haos.qcow2")).toEqual({
      ...{ code: 0, errors: "", output: "/var/lib/vz/import/haos.qcow2\n" },
    });
  });

  it("is refused by storages that hold no files, that are not there, and for what is no volume", async () => {
    for (const volume of ["slow:import/haos.qcow2", "gone:import/haos.qcow2", "haos.qcow2"]) {
      const { code, errors, output } = await typed(`pvesm path ${volume}`);
      expect({ code, output }).toEqual({ code: 255, output: "" });
      expect(errors).not.toBe("");
    }
    expect(await typed("pvesm status")).toMatchObject({ code: 255 });
  });
});

it("another program is not found", async () => {
  expect(await typed("constructor")).toMatchObject({ code: 127 });
});
