import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestConfig } from "../../../testbed/api/guest-backend";
import { createLxcBackend, type LxcBackend, probeGuests, removeLxcTestbed } from "../../../testbed/guests/lxc-backend";
import { testbedPaths } from "../../../testbed/guests/paths";
import { type CommandResult, until } from "../../../testbed/guests/shell";
import { ssh as onNode } from "../../../testbed/guests/ssh";
import { livingPid } from "../../../testbed/guests/world";
import { MiniApi } from "./mini-api";

const id = `test-${process.pid}`;
const paths = testbedPaths({ id });
const api = new MiniApi();
const notes: string[] = [];
const log = (line: string): void => void notes.push(line);
let backend: LxcBackend;
let blocked = "";

/** Runs `body` where real guests can run; elsewhere says why it did not. */
function guestTest(name: string, body: () => Promise<void>): void {
  it(name, async () => {
    if (blocked === "") await body();
    else process.stderr.write(`SKIPPED "${name}": ${blocked}\n`);
  }, 60_000);
}

const ssh = (command: string, input?: string): Promise<CommandResult> => onNode(backend.node, command, input);

const on = (vmid: number) => ({ node: "pve1", vmid });

async function make(vmid: number, template: string, more: GuestConfig = {}): Promise<void> {
  const net0 = `name=eth0,bridge=vmbr0,gw=192.168.7.1,hwaddr=BC:24:11:00:00:${vmid % 90},ip=192.168.7.${vmid}/24,type=veth`;
  const config = { hostname: `guest${vmid}`, unprivileged: "1", features: "nesting=1", net0, ...more };
  api.configs.set(vmid, config);
  const sshPublicKeys = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJf3fake test";
  await backend.create({ ...on(vmid), config, template, password: "geheim$1", sshPublicKeys }, log);
  await backend.start(on(vmid), config, log);
}

function traces(): string[] {
  const found = [paths.state, livingPid(paths) === undefined ? "" : "the world's init"].filter((path) =>
    existsSync(path),
  );
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  found.push(...mounts.filter((line) => line.includes(paths.state) || line.includes(paths.cgroup)));
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const mine = readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(paths.cgroup);
      if (mine || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(paths.state)) found.push(`process ${pid}`);
    } catch {}
  }
  for (const top of ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]) {
    if (existsSync(join(top, paths.cgroup))) found.push(join(top, paths.cgroup));
  }
  return found;
}

const links = (): string =>
  [execFileSync("ip", ["-brief", "link"]), execFileSync("ip", ["route"])].map(String).join("").replaceAll(/ +/g, " ");

describe("real guests on a node of the testbed", () => {
  let linksBefore = "";

  beforeAll(async () => {
    const probe = await probeGuests();
    if (!probe.ok) {
      blocked = `missing ${probe.missing.join(", ")}; ${probe.install ?? ""}`;
      return;
    }
    linksBefore = links();
    const pve1 = { name: "pve1", address: "192.168.7.2/24", gateway: "192.168.7.1", folders: ["/mnt/media"] };
    backend = await createLxcBackend({ id, api: api.call, nodes: [pve1], log });
    api.backend = backend;
    const mp0 = "local:subvol-12-disk-1,mp=/data,size=1G";
    await Promise.all([
      make(12, "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", { mp0, dev0: "/dev/net/tun,mode=0666" }),
      make(13, "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst", { dev0: "/dev/dri/renderD128,gid=44" }),
    ]);
  }, 300_000);

  afterAll(async () => {
    await backend?.close();
  }, 60_000);

  guestTest("the node is reached by SSH on loopback and has the name and address that it was given", async () => {
    const { output } = await ssh("hostname; ip -brief address show vmbr0; systemctl is-system-running --wait");
    expect(output).toMatch(/^pve1\nvmbr0 +UP +192\.168\.7\.2\/24 .*\nrunning\n$/s);
  });

  guestTest("pct exec passes input, output and the exit code on", async () => {
    const result = await ssh(`pct exec 12 -- sh -c 'cat; echo "$0" >&2; exit 7' "two  words"`, "from outside\n");
    expect(result).toEqual({ code: 7, output: "from outside\n", errors: "two  words\n" });
    const quoted = await ssh(`pct exec 13 -- sh -s -- 'two  words'`, 'printf %s "$1"');
    expect(quoted.output).toBe("two  words");
  });

  guestTest("guests are the Debian that their template names, with systemd, name, address and devices", async () => {
    const script =
      "systemctl is-system-running --wait; . /etc/os-release; echo $VERSION_ID; hostname; stat -c '%F %g' /dev/dri/renderD128 /dev/net/tun 2>/dev/null; cat /proc/self/uid_map";
    const [twelve, thirteen] = await Promise.all([12, 13].map((vmid) => ssh(`pct exec ${vmid} -- sh -s`, script)));
    expect(twelve?.output).toMatch(/^running\n12\nguest12\ncharacter special file 0\n +0 +100000 +65536\n$/);
    expect(thirteen?.output).toMatch(/^running\n13\nguest13\ncharacter special file 44\n +0 +100000 +65536\n$/);
    expect(notes.filter((line) => line.includes("/dev/dri/renderD128 is a stand-in"))).toHaveLength(1);
    const eth0 = (await backend.addresses(on(12)))?.find((one) => one.name === "eth0");
    expect(eth0).toMatchObject({ mac: "bc:24:11:00:00:12", addresses: expect.arrayContaining(["192.168.7.12/24"]) });
  });

  guestTest("guests reach each other, and nothing outside", async () => {
    const ping = await ssh("pct exec 12 -- ping -c 1 -W 2 192.168.7.13");
    expect(ping).toMatchObject({ code: 0 });
    expect(await ssh("pct exec 12 -- ping -c 1 -W 1 192.0.2.1")).not.toMatchObject({ code: 0 });
  });

  guestTest("root's password and keys are those of the creation", async () => {
    const script = "ls -l /root/.ssh/authorized_keys; grep ^root: /etc/shadow | cut -d: -f2";
    const { output } = await ssh("pct exec 12 -- sh -s", script);
    const [keys = "", hash = ""] = output.trim().split("\n");
    expect(keys).toMatch(/^-rw------- 1 root root/);
    const salt = hash.split("$")[2] ?? "";
    const again = await ssh(`openssl passwd -6 -salt ${salt} -stdin`, "geheim$1\n");
    expect(again.output.trim()).toBe(hash);
  });

  guestTest("files are pushed and pulled with owner and mode", async () => {
    await ssh("umask 077; printf 'a\\0b' > /root/in; pct push 12 /root/in /root/out --perms 640 --user daemon");
    const { output } = await ssh(
      "pct exec 12 -- stat -c '%a %U' /root/out; pct pull 12 /root/out /root/back; cmp /root/in /root/back",
    );
    expect(output).toBe("640 daemon\n");
  });

  guestTest("pct answers as Proxmox VE's does", async () => {
    expect((await ssh("pct list")).output).toBe(
      "VMID       Status     Lock         Name                \n" +
        "12         running                 guest12             \n" +
        "13         running                 guest13             \n",
    );
    expect((await ssh("pct config 13")).output).toContain("\nunprivileged: 1\n");
    const missing = { code: 2, output: "", errors: "Configuration file 'nodes/pve1/lxc/99.conf' does not exist\n" };
    expect(await ssh("pct status 99")).toEqual(missing);
    expect(await ssh("pct exec 99 -- true")).toEqual(missing);
  });

  guestTest("a stopped guest says so, and starts again with what it had", async () => {
    await ssh("pct exec 13 -- sh -c 'echo kept > /root/kept'");
    expect(await ssh("pct shutdown 13")).toMatchObject({ code: 0 });
    expect((await ssh("pct status 13")).output).toBe("status: stopped\n");
    expect(await ssh("pct exec 13 -- true")).toEqual({
      code: 255,
      output: "",
      errors: "container '13' not running!\n",
    });
    expect(await ssh("pct push 13 /etc/hostname /x")).toMatchObject({
      code: 255,
      errors: "can only push files to a running CT\n",
    });
    expect(await backend.addresses(on(13))).toBeUndefined();
    expect(await ssh("pct start 13")).toMatchObject({ code: 0 });
    expect((await ssh("pct exec 13 -- cat /root/kept")).output).toBe("kept\n");
    expect(await ssh("pct reboot 13")).toMatchObject({ code: 0 });
    expect(await backend.status(on(13))).toMatchObject({ running: true, memoryBytes: expect.any(Number) });
  });

  guestTest("pct set changes a running guest: mounts, addresses, name", async () => {
    await ssh("echo film > /mnt/media/film");
    expect(await ssh("pct set 12 -mp1 /mnt/media,mp=/srv/media,ro=1")).toMatchObject({ code: 0, errors: "" });
    expect((await ssh("pct exec 12 -- cat /srv/media/film")).output).toBe("film\n");
    expect(await ssh("pct exec 12 -- touch /srv/media/x")).not.toMatchObject({ code: 0 });
    expect((await ssh("cat /etc/pve/lxc/12.conf")).output).toContain("mp1: /mnt/media,mp=/srv/media,ro=1\n");
    const net0 = "name=eth0,bridge=vmbr0,gw=192.168.7.1,hwaddr=BC:24:11:00:00:12,ip=192.168.7.44/24,type=veth";
    expect(await ssh(`pct set 12 -hostname renamed -net0 ${net0}`)).toMatchObject({ code: 0, errors: "" });
    expect((await ssh("pct exec 12 -- sh -c 'hostname; cat /etc/hostname'")).output).toBe("renamed\nrenamed\n");
    expect(await ssh("pct exec 13 -- ping -c 1 -W 2 192.168.7.44")).toMatchObject({ code: 0 });
    await backend.reboot(on(12), api.configs.get(12) ?? {}, 20, log);
    expect((await ssh("pct exec 12 -- sh -c 'cat /srv/media/film; mountpoint /data'")).output).toContain(
      "film\n/data is",
    );
  });

  guestTest("a reload of the node's network makes, changes and removes bridges", async () => {
    const bridge = (address: string) => ({
      ...{ name: "vmbr5", addresses: [address, "fd00:5::1/64"] },
      stanza: [
        ...["auto vmbr5", "iface vmbr5 inet static", `\taddress ${address}`, "\tbridge_ports none", "\tmtu 1400"],
        ...["", "iface vmbr5 inet6 static", "\taddress fd00:5::1/64", ""],
      ].join("\n"),
    });
    const show = async () =>
      (await ssh("ip -brief address show vmbr5 scope global; cat /sys/class/net/vmbr5/mtu")).output;
    await backend.network?.("pve1", [bridge("10.5.0.1/24")]);
    expect(await show()).toMatch(/^vmbr5 .* 10\.5\.0\.1\/24 fd00:5::1\/64 \n1400\n$/);
    await backend.network?.("pve1", [bridge("10.5.0.2/24")]);
    expect(await show()).toMatch(/^vmbr5 .* 10\.5\.0\.2\/24 fd00:5::1\/64 \n1400\n$/);
    expect((await ssh("grep -A2 vmbr5 /etc/network/interfaces")).output).toContain("address 10.5.0.2/24");
    await backend.network?.("pve1", []);
    expect(await show()).toBe("");
    expect((await ssh("grep vmbr /etc/network/interfaces")).output).toBe("auto vmbr0\niface vmbr0 inet static\n");
  });

  guestTest("files of the node are seen, and can be removed", async () => {
    await ssh("echo content > '/var/lib/vz/snippets/user data.yaml'");
    const found = (await backend.files?.("pve1", "/var/lib/vz/snippets")) ?? [];
    expect(found).toEqual([{ name: "user data.yaml", bytes: 8, modified: expect.any(Number) }]);
    expect(await backend.files?.("pve1", "/no/such/folder")).toEqual([]);
    await backend.removeFile?.("pve1", "/var/lib/vz/snippets/user data.yaml");
    expect(await backend.files?.("pve1", "/var/lib/vz/snippets")).toEqual([]);
  });

  guestTest("a start that cannot work fails with a reason", async () => {
    const config = { ...api.configs.get(13), mp3: "/no/such/folder,mp=/x" };
    await backend.stop(on(13), log);
    await expect(backend.start(on(13), config, log)).rejects.toThrow("directory '/no/such/folder' does not exist");
    expect(await backend.status(on(13))).toEqual({ running: false });
  });

  guestTest("packages come from the host's mirrors, and nothing else does", async () => {
    const { output } = await ssh("pct exec 12 -- sh -c 'apt-get update 2>&1 | tail -n 1'");
    expect(output).toContain("Reading package lists");
    const refused = await ssh("curl --silent --proxy http://198.18.0.1:3142 http://192.0.2.1/");
    expect(refused.output).toContain("reaches only the package mirrors of its host");
  });

  guestTest("a template that cannot be had becomes a guest that says what it stands in for", async () => {
    await make(14, "local:vztmpl/alpine-3.22-default_20250617_amd64.tar.xz", { unprivileged: "0" });
    const { output } = await ssh("pct exec 14 -- cat /etc/motd /etc/testbed-release /proc/self/uid_map");
    expect(output).toContain("stands in for alpine 3.22");
    expect(output).toMatch(/\n +0 +0 +65536\n$/);
    expect(notes.join("\n")).toContain("debian 13 stands in for alpine 3.22");
  });

  guestTest("a clone is a guest of its own", async () => {
    await backend.stop(on(14), log);
    const config = { ...api.configs.get(14), hostname: "copy", net0: "name=eth0,bridge=vmbr0,ip=dhcp,tag=20" };
    await backend.clone(on(14), on(15), config, log);
    api.configs.set(15, config);
    await backend.start(on(15), config, log);
    expect((await ssh("pct exec 15 -- hostname")).output).toBe("copy\n");
    await backend.destroy(on(14), log);
    expect(existsSync(join(paths.state, "guests", "14"))).toBe(false);
    await backend.destroy(on(14), log);
  });

  guestTest("another process finds the guests of one that ended, at the same port", async () => {
    const before = await backend.status(on(12));
    const { sshPort } = backend.node;
    await backend.close({ keep: true });
    const pve1 = { name: "pve1", address: "192.168.7.2/24", gateway: "192.168.7.1" };
    backend = await createLxcBackend({ id, api: api.call, nodes: [pve1] });
    api.backend = backend;
    expect(backend.found).toBe(true);
    expect(backend.node.sshPort).toBe(sshPort);
    expect((await backend.status(on(12))).pid).toBe(before.pid);
    expect((await ssh("pct exec 12 -- hostname")).output).toBe("renamed\n");
  });

  guestTest("taking it down leaves nothing, and nothing of the host's network ever changed", async () => {
    expect(links()).toBe(linksBefore);
    expect(traces()).not.toEqual([]);
    await backend.close();
    expect(traces()).toEqual([]);
    expect(links()).toBe(linksBefore);
  });

  guestTest("so does taking down what a killed testbed left", async () => {
    backend = await createLxcBackend({ id });
    const init = livingPid(paths) ?? 0;
    await backend.close({ keep: true });
    process.kill(init, "SIGKILL");
    await until("the end", 10, async () => (livingPid(paths) === undefined ? true : undefined));
    await removeLxcTestbed({ id });
    expect(traces()).toEqual([]);
    await removeLxcTestbed({ id });
  });
});
