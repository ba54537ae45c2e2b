import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startTestbed, type Testbed } from "../../../testbed/api/index";
import type { GuestValues, State } from "../../../testbed/api/state/state";
import { RECORDINGS } from "./replay";
import { fill, type Trial } from "./trial";

const trials = JSON.parse(readFileSync(join(RECORDINGS, "credentials.fixture.json"), "utf8")) as Trial[];
const SECRET = "00000000-0000-0000-0000-000000000000";
const MEMBER = "cred@pve";

/** A host that holds everything the trials name. */
async function preparedHost(): Promise<Testbed> {
  const testbed = await startTestbed({
    storages: {
      local: { type: "dir", path: "/var/lib/vz", content: "images,rootdir,vztmpl,iso,backup,snippets,import" },
      "local-btrfs": { type: "btrfs", path: "/srv/btrfs", content: "images,rootdir" },
    },
    volumes: [
      "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst",
      "local:iso/cred.iso",
      "local:import/cred.qcow2",
      "local:snippets/credhook.sh",
    ],
    rootPassword: "root-password",
  });
  const { state } = testbed;
  state.users[MEMBER] = { enable: 1, expire: 0, groups: [], tokens: { t: { secret: SECRET, privsep: 1, expire: 0 } } };
  state.users["credu@pve"] = {
    enable: 1,
    expire: 0,
    groups: ["credgrp"],
    tokens: { credt: { secret: SECRET, privsep: 1, expire: 0 } },
  };
  state.groups.credgrp = {};
  state.roles.credrole = ["VM.Audit"];
  state.pools.credpool = { guests: [], storages: [] };
  state.sections["mapping/pci"] = { credpci: { map: ["node=pve1,path=0000:00:02.0,id=8086:1234"] } };
  state.sections["mapping/usb"] = { credusb: { map: ["node=pve1,id=1234:5678"] } };
  state.sections["mapping/dir"] = { creddir: { map: ["node=pve1,path=/srv"] } };
  state.sections["sdn/zones"] = { credz: { type: "simple" } };
  state.sections["sdn/vnets"] = { credvn: { type: "vnet", zone: "credz" } };
  state.options["registered-tags"] = "credreg";
  return testbed;
}

/** The guest that a trial is about, with the options that its title mentions already set. */
function addGuests(state: State, trial: Trial): void {
  const type = trial.call.includes("/qemu") ? "qemu" : "lxc";
  const base = { node: "pve1", pending: {}, running: false, startedAt: 0, pid: 0, snapshots: {} };
  const disk = (vmid: number): string => `local-btrfs:${vmid}/vm-${vmid}-disk-0.raw`;
  const common: GuestValues =
    type === "lxc" ? { rootfs: `${disk(2178)},size=4G`, unprivileged: "1" } : { scsi0: `${disk(2178)},size=1G` };
  const exists = trial.call.includes("{vmid}") || /restore over itself/.test(trial.option);
  if (exists) state.guests[2178] = { ...base, vmid: 2178, type, config: { ...common, ...already(trial) } };
  const isOther = /\{newid\}/.test(JSON.stringify(trial.parameters)) && !trial.call.endsWith("/clone");
  if (isOther) state.guests[2179] = { ...base, vmid: 2179, type, config: { scsi0: `${disk(2179)},size=1G` } };
  for (const vmid of [2178, 2179]) {
    if (state.guests[vmid]) {
      state.volumes.push({
        volid: disk(vmid),
        node: "pve1",
        content: "images",
        format: "raw",
        size: 1024 ** 3,
        ctime: 0,
        vmid,
      });
    }
  }
}

/** Options that titles say are set beforehand. */
function already(trial: Trial): GuestValues {
  const { option } = trial;
  const set: GuestValues = {};
  const isLxc = trial.call.includes("/lxc");
  const removed = /^(?:container|VM|vm).*delete=(\w+)/.exec(option)?.[1];
  if (/bind mount/.test(option)) set.mp0 = "/srv,mp=/srv";
  else if (removed === "mp0") set.mp0 = "local-btrfs:2178/vm-2178-disk-1.raw,mp=/data,size=1G";
  if (/keyctl/.test(option) && /stays|set\)|with keyctl|unchanged|keyctl and|is set/.test(option))
    set.features = "nesting=1,keyctl=1";
  else if (removed === "features") set.features = "nesting=1";
  if (removed === "net0" || /with net0/.test(option))
    set.net0 = isLxc ? "name=eth0,bridge=vmbr0" : "virtio=BC:24:11:00:00:01,bridge=vmbr0";
  if (removed === "dev0" || /dev0 set|with dev0/.test(option)) set.dev0 = "/dev/net/tun";
  if (removed === "hookscript" || /hookscript (?:is )?set/.test(option)) set.hookscript = "local:snippets/credhook.sh";
  if (removed === "args" || /args (?:is )?(?:set|resent)|with args/.test(option)) set.args = "-no-hpet";
  if (removed === "description") set.description = "x\n";
  if (/privileged/.test(option) && !/unprivileged|least/.test(option)) set.unprivileged = "0";
  if (/hostpci/.test(option)) set.hostpci0 = /mapping|mapped/.test(option) ? "mapping=credpci" : "0000:00:02.0";
  if (removed === "usb0") set.usb0 = "host=1234:5678";
  if (removed === "serial0") set.serial0 = /device|real|\/dev/.test(option) ? "/dev/ttyS0" : "socket";
  return set;
}

interface Verdict {
  readonly status: number;
  readonly message: string;
}

type Credential = "token" | "root ticket";

class Bench {
  private base = "";

  constructor(private readonly testbed: Testbed) {
    this.base = JSON.stringify(testbed.state);
  }

  async attempt(trial: Trial, credential: Credential, privileges: Readonly<Record<string, string>>): Promise<Verdict> {
    const { state } = this.testbed;
    Object.assign(state, JSON.parse(this.base) as State);
    addGuests(state, trial);
    this.grant(trial, privileges);
    const [method = "", path = ""] = fill(trial, trial.call).split(" ");
    const form = new URLSearchParams();
    for (const [key, value] of Object.entries(trial.parameters ?? {})) {
      if (trial.call.includes(`{${key}}`)) continue;
      for (const item of [value].flat()) form.append(key, fill(trial, String(item)));
    }
    const inQuery = method === "GET" || method === "DELETE";
    const url = `/api2/json${path.split("/").map(encodeURIComponent).join("/")}${inQuery && form.size > 0 ? `?${form}` : ""}`;
    const answer = await this.testbed.inject({
      ...{ method, url, local: credential === "root ticket" },
      headers: {
        authorization: `PVEAPIToken=${MEMBER}!t=${SECRET}`,
        ...(inQuery ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(inQuery ? {} : { body: Buffer.from(form.toString()) }),
    });
    await this.testbed.settled();
    return { status: answer.status, message: textOf(answer.json) };
  }

  private grant(trial: Trial, privileges: Readonly<Record<string, string>>): void {
    const { state } = this.testbed;
    for (const [template, names] of Object.entries(privileges)) {
      const path = fill(trial, template);
      const trunks = /trunks=([\d;]+)/.exec(JSON.stringify(trial.parameters))?.[1]?.split(";") ?? [];
      const paths =
        template.includes("{vlan}") && trunks.length > 0 ? trunks.map((vlan) => path.replace(/42$/, vlan)) : [path];
      for (const at of paths) {
        const role = `R${Object.keys(state.roles).length}`;
        state.roles[role] = names.split(" ");
        const entry = { path: at, roleid: role, propagate: 0 };
        state.acl.push({ ...entry, type: "user", ugid: MEMBER }, { ...entry, type: "token", ugid: `${MEMBER}!t` });
      }
    }
  }
}

/** As the trials note it: the message, then the texts of wrong parameters. */
function textOf(json: unknown): string {
  const { message = "", errors } = (json ?? {}) as { message?: string; errors?: Record<string, string> };
  const parts = Object.entries(errors ?? {}).map(([key, text]) => `${key}: ${text}`);
  return [message.trim(), ...parts].join(" | ").trim();
}

const isRefusal = ({ status, message }: Verdict): boolean =>
  status === 403 || status === 401 || /only root|root@pam/i.test(message);
const plain = (text: string): string =>
  text
    .replace(/ at \/usr\/share\/perl5.*$/, "")
    .replace(/\s+/g, " ")
    .trim();

/** Share of the trials that come out as on Proxmox VE. */
const BAR = 0.985;

describe("what Proxmox VE demands of a caller, option by option", () => {
  const wrong: Record<string, string[]> = { "holding nothing": [], "holding what is needed": [], "root's ticket": [] };
  let asked = 0;

  beforeAll(async () => {
    const testbed = await preparedHost();
    const bench = new Bench(testbed);
    for (const trial of trials) {
      const title = `${trial.option} [${trial.call}]`;
      const note = (kind: string, verdict: Verdict, expected: string): void =>
        void wrong[kind]?.push(`${title}: expected ${expected}, got ${verdict.status} ${verdict.message}`);
      if (trial.without !== undefined) {
        asked++;
        const verdict = await bench.attempt(trial, "token", {});
        if (plain(verdict.message) !== plain(fill(trial, trial.without)))
          note("holding nothing", verdict, fill(trial, trial.without));
      }
      asked += 2;
      const held = await bench.attempt(
        trial,
        "token",
        trial.refusal === undefined ? (trial.privileges ?? {}) : everything(trial),
      );
      if (trial.refusal === undefined ? isRefusal(held) : plain(held.message) !== plain(fill(trial, trial.refusal))) {
        note("holding what is needed", held, trial.refusal === undefined ? "no refusal" : fill(trial, trial.refusal));
      }
      const root = await bench.attempt(trial, "root ticket", {});
      if (
        trial.rootTicket === undefined ? isRefusal(root) : plain(root.message) !== plain(fill(trial, trial.rootTicket))
      ) {
        note("root's ticket", root, trial.rootTicket ?? "no refusal");
      }
    }
    await testbed.close();
  }, 60_000);

  it("comes out the same for nearly all trials, and says for which not", () => {
    const all = Object.values(wrong).flat();
    const share = 1 - all.length / asked;
    const list = Object.entries(wrong).map(
      ([kind, lines]) => `${kind}: ${lines.length} differ\n  ${lines.join("\n  ")}`,
    );
    process.stdout.write(`${list.join("\n")}\n${(100 * share).toFixed(1)} % of ${asked} trials agree\n`);
    expect(share).toBeGreaterThanOrEqual(BAR);
  });
});

/** All that a token can hold on the paths of a trial. */
function everything(trial: Trial): Record<string, string> {
  const vm =
    "VM.Allocate VM.Audit VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options VM.Migrate VM.PowerMgmt VM.Snapshot";
  const storage = "Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit";
  return {
    "/": "Sys.Audit Sys.Modify Sys.Console Sys.AccessNetwork",
    "/vms/{vmid}": vm,
    "/vms/{newid}": vm,
    "/storage": storage,
    "/storage/local": storage,
    "/storage/local-btrfs": storage,
    "/nodes/{node}": "Sys.Audit Sys.Modify Sys.Console Sys.AccessNetwork",
    "/sdn/zones/localnetwork/vmbr0": "SDN.Use",
    "/access/realm/pve": "Realm.AllocateUser",
    "/access/realm/pam": "Realm.AllocateUser",
    "/access/groups": "User.Modify",
    ...trial.privileges,
  };
}
