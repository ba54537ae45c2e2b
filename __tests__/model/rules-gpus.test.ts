import { container, hosts, load, removeLabFolders, told, webOf, withNode } from "../support/lab-folder";

afterAll(removeLabFolders);

/** A node with two cards of 24 GiB, and a member of gpu_access for each entry: its further keys of proxmox_lxc. */
function labOf(guests: Readonly<Record<string, readonly string[]>>) {
  const names = Object.keys(guests);
  const files = names.map((name, index) => [
    `host_vars/${name}.yml`,
    container(`vmid: ${301 + index}`, ...(guests[name] ?? [])),
  ]);
  return load({
    "hosts.yml": hosts({ gpu_access: names }),
    ...withNode("  gpus: { gpu0: { vendor: nvidia, memory: 24576 }, gpu1: { vendor: nvidia, memory: 24576 } }\n"),
    ...Object.fromEntries(files),
  });
}

const SOLE = "gpus: [{ name: gpu0, exclusive: true }]";

describe("cards", () => {
  it("are shared unless somebody says otherwise", () => {
    const result = labOf({ web: [], other: ["gpus: [gpu0]"] });
    expect(result.problems).toEqual([]);
    const web = result.lab?.guests.find(({ name }) => name === "web");
    expect(web?.capabilities).toMatchObject([
      {
        gpus: [
          { gpu: "gpu0", exclusive: false },
          { gpu: "gpu1", exclusive: false },
        ],
      },
    ]);
  });

  it("gpu-claimed-twice: two running guests, one of which has the card for itself; both places are named", () => {
    const [line, ...more] = told(labOf({ web: [SOLE], other: ["gpus: [gpu0, gpu1]"] }), "gpu-claimed-twice");
    expect(line).toMatch(/other\.yml:\d+:\d+ proxmox_lxc\.gpus: web has the card gpu0 of pve1 for itself, and other/);
    expect(line).toMatch(/web\.yml:\d+:\d+/);
    expect(more).toEqual([]);
  });

  it("gpu-claimed-twice: is a warning while one of the two is stopped, whichever", () => {
    const severities = (guests: Parameters<typeof labOf>[0]) =>
      labOf(guests)
        .problems.filter(({ rule }) => rule === "gpu-claimed-twice")
        .map(({ severity }) => severity);
    expect(severities({ web: [SOLE], other: ["gpus: [gpu0]", "started: false"] })).toEqual(["warning"]);
    expect(severities({ web: ["gpus: [gpu0]"], other: [SOLE, "started: false"] })).toEqual(["warning"]);
    expect(severities({ web: [SOLE], other: [SOLE], third: ["started: false"] })).toEqual(["error", "warning"]);
    expect(severities({ web: [SOLE], other: ["gpus: [gpu1]"] })).toEqual([]);
  });

  it("gpu-memory: adds up what running guests ask for", () => {
    const asks = (memory: number) => `gpus: [{ name: gpu0, memory: ${memory} }]`;
    expect(told(labOf({ web: [asks(20000)], other: [asks(4576)] }), "gpu-memory")).toEqual([]);
    expect(told(labOf({ web: [asks(20000)], other: [asks(4577)] }), "gpu-memory")).toEqual([
      expect.stringMatching(/web\.yml.*ask for 24577 MiB of the 24576 MiB of gpu0 on pve1/),
    ]);
    expect(told(labOf({ web: [asks(20000)], other: [asks(9000), "started: false"] }), "gpu-memory")).toEqual([]);
  });

  it("hand their files through, one card's or several'", () => {
    const files = {
      "hosts.yml": hosts({ gpu_access: ["web"] }),
      ...withNode("  gpus: { gpu0: { vendor: nvidia }, gpu1: { vendor: nvidia } }\n"),
    };
    const paths = (line: string) =>
      webOf([line], files).capabilities.flatMap((each) =>
        (each.kind === "gpu" ? each.devices : []).map(({ path }) => path),
      );
    expect(paths("gpus: [gpu1]")).toEqual(expect.not.arrayContaining(["/dev/nvidia0"]));
    expect(paths("gpus: [{ name: gpu1 }, gpu0]")).toEqual(expect.arrayContaining(["/dev/nvidia0", "/dev/nvidia1"]));
  });
});
