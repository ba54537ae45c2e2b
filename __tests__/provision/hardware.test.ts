import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsFile } from "../../constructs/settings-file";
import { temporaryFolder } from "../support/run-step";

/** Lines as Proxmox VE wrote them after the provider had created the container. */
const CREATED = `arch: amd64
dev0: deny-write=0,path=/dev/net/tun,uid=0,gid=104,mode=0660
hostname: media
mp0: local-lvm:vm-303-disk-1,mp=/data,backup=1,size=8G
mp1: /srv/films,mp=/films
rootfs: local-lvm:vm-303-disk-0,size=8G
`;
const WANTED = {
  mp0: "local-lvm:8,mp=/data,ro=0,backup=1,replicate=1,shared=0,quota=0",
  mp1: "/srv/films,mp=/films,ro=0,replicate=1,shared=0,quota=0",
  dev0: "/dev/net/tun,mode=0660,gid=104,deny-write=0",
};

interface Case {
  readonly config?: string;
  readonly want: { readonly [key: string]: string };
  readonly restart?: boolean;
  readonly script?: "apply" | "check";
  /** What the file is after `pct set`. @default as before */
  readonly after?: string;
}

function hardware({ after, config = CREATED, restart, script = "apply", want }: Case) {
  const folder = temporaryFolder();
  cpSync("provision/hardware", folder, { recursive: true });
  cpSync("provision/lib", join(folder, "lib"), { recursive: true });
  const file = join(folder, "303.conf");
  if (config !== "") writeFileSync(file, config);
  if (after !== undefined) writeFileSync(join(folder, "after"), after);
  const settings = { guests: { "303": want }, ...(restart === undefined ? {} : { restart }) };
  writeFileSync(join(folder, "settings.sh"), settingsFile(settings).text);
  const pct = `#!/bin/sh\nfor each; do printf '%s ' "$each"; done >>'${folder}/calls'; echo >>'${folder}/calls'\n[ ! -f '${folder}/after' ] || [ "$1" != set ] || cp '${folder}/after' '${file}'\n`;
  writeFileSync(join(folder, "pct"), pct, { mode: 0o755 });
  const done = spawnSync("sh", ["-euc", `. ./settings.sh; . ./${script}.sh`], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env.PATH}`, HARDWARE_CONFIG: folder },
    encoding: "utf8",
  });
  const calls = join(folder, "calls");
  return {
    status: done.status,
    output: done.stdout + done.stderr,
    calls: existsSync(calls) ? readFileSync(calls, "utf8").trim().split(" \n") : [],
  };
}

describe("the hardware step", () => {
  it("changes nothing right after creation, however Proxmox VE and the provider wrote the lines", () => {
    const { calls, output, status } = hardware({ want: WANTED });
    expect({ calls, status }).toEqual({ calls: [], status: 0 });
    expect(output.match(/^ok: /gm)).toHaveLength(3);
  });

  it("takes 1G and 1024M, and modes with and without a zero in front, for the same", () => {
    const config = "mp0: local-lvm:vm-303-disk-1,size=1024M,mp=/data\ndev0: /dev/kvm,mode=660\n";
    expect(hardware({ config, want: { mp0: "local-lvm:1,mp=/data", dev0: "path=/dev/kvm" } }).calls).toEqual([]);
  });

  it("adds what is missing, in one call", () => {
    const config = "rootfs: local-lvm:vm-303-disk-0,size=8G\n";
    expect(hardware({ config, want: WANTED }).calls).toEqual([
      `set 303 --dev0 ${WANTED.dev0} --mp0 ${WANTED.mp0} --mp1 ${WANTED.mp1}`,
    ]);
  });

  it("changes options of a volume, and not the volume", () => {
    const { calls } = hardware({ want: { ...WANTED, mp0: "local-lvm:8,mp=/data,ro=1,backup=1" } });
    expect(calls).toEqual(["set 303 --mp0 local-lvm:vm-303-disk-1,mp=/data,ro=1,backup=1,size=8192M"]);
  });

  it("grows a volume", () => {
    expect(hardware({ want: { ...WANTED, mp0: "local-lvm:10,mp=/data,backup=1" } }).calls).toEqual([
      "resize 303 mp0 10240M",
    ]);
  });

  it("detaches what is no longer wanted, and names the volume that is kept", () => {
    const { calls, output } = hardware({ want: {} });
    expect(calls).toEqual(["set 303 --delete dev0,mp0,mp1"]);
    expect(output).toContain("its volume local-lvm:vm-303-disk-1 is kept");
  });

  it("never mounts one volume's data on another one's path when the first of two goes", () => {
    const config = "mp0: local-lvm:vm-303-disk-1,mp=/a,size=8G\nmp1: local-lvm:vm-303-disk-2,mp=/b,size=8G\n";
    expect(hardware({ config, want: { mp0: "local-lvm:8,mp=/b" } }).calls).toEqual(["set 303 --delete mp0"]);
  });

  it("gives a new mount a free number when the one it asks for is taken", () => {
    const config = "mp0: local-lvm:vm-303-disk-1,mp=/a,size=8G\n";
    const want = { mp0: "local-lvm:4,mp=/new", mp1: "local-lvm:8,mp=/a" };
    expect(hardware({ config, want }).calls).toEqual(["set 303 --mp2 local-lvm:4,mp=/new"]);
  });

  it.each([
    ["a smaller root disk", { ...WANTED, rootfs: "local-lvm:4" }, "cannot be made smaller: write at least 8 GiB"],
    ["a smaller volume", { mp0: "local-lvm:4,mp=/data" }, "cannot be made smaller: write at least 8 GiB"],
    ["another storage", { mp0: "tank:8,mp=/data" }, "move it with pct move-volume"],
  ])("refuses %s, and then changes nothing at all", (_, want, message) => {
    const { calls, output, status } = hardware({ want });
    expect({ calls, status }).toEqual({ calls: [], status: 1 });
    expect(output).toContain(message);
  });

  it("counts what is pending as there, and says that a restart is needed", () => {
    const config = `${CREATED.replace(/^dev0.*\n/m, "")}\n[pve:pending]\ndev0: /dev/net/tun,mode=0660,gid=104\n\n[snap]\nmp7: /x,mp=/x\n`;
    const { calls, output } = hardware({ config, want: WANTED });
    expect(calls).toEqual([]);
    expect(output).toContain("note: container 303: dev0 take effect at its next start");
  });

  it("restarts only when it is told to, and only for what is pending", () => {
    const after = `${CREATED}\n[pve:pending]\ndelete: mp1\n`;
    const { mp1: _gone, ...want } = WANTED;
    expect(hardware({ want, after, restart: true }).calls).toEqual(["set 303 --delete mp1", "reboot 303"]);
    expect(hardware({ want: WANTED, restart: true }).calls).toEqual([]);
  });

  it("has nothing to take from a guest that is not there, and says where one is missing that should be", () => {
    expect(hardware({ config: "", want: {} })).toMatchObject({ status: 0, calls: [] });
    expect(hardware({ config: "", want: WANTED })).toMatchObject({
      status: 1,
      output: expect.stringContaining("not on this node"),
    });
  });

  it("only looks in a check: 0 when all is as wanted, 2 when not", () => {
    expect(hardware({ want: WANTED, script: "check" })).toMatchObject({ status: 0, calls: [] });
    const { calls, output, status } = hardware({ want: {}, script: "check" });
    expect({ calls, status }).toEqual({ calls: [], status: 2 });
    expect(output).toContain(
      "would change: container 303: device /dev/net/tun removed; mount /data removed; mount /films removed",
    );
  });
});
