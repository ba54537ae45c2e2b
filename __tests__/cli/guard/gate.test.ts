import pc from "picocolors";
import { type Judged, judge } from "../../../cli/guard/gate";
import { type Plan, parsePlan } from "../../../cli/guard/plan";
import { UsageError } from "../../../cli/output";
import { DEFAULT_TEMPLATE, startTestbed } from "../../../testbed/api/index";
import { guest, lab } from "../../support/lab";
import { CT, change, lxc, plan } from "./plans";

jest.setTimeout(30_000);

const LAB = lab({ guests: [guest()] });

async function judged(plan: Plan, more: Partial<Judged> = {}) {
  const lines: string[] = [];
  const errors: string[] = [];
  const io = {
    cwd: "/",
    out: (text: string) => void lines.push(text),
    err: (text: string) => void errors.push(text),
    colors: pc.createColors(false),
  };
  const code = await judge({ plan, lab: LAB, allow: [], secrets: [], io, ...more });
  return { code, out: lines.join("\n"), err: errors.join("\n") };
}

const FOREIGN = { vmid: "301", hostname: "foreign", rootfs: "local-lvm:1", ostemplate: DEFAULT_TEMPLATE };
const destroyed = change(`${CT}.web`, "delete", lxc(), null);
const replaced = change(`${CT}.web`, "replace", lxc(), lxc(), { action_reason: "replace_by_triggers" });
const rebooted = change(`${CT}.web`, "update", lxc(), lxc({ memory: [{ dedicated: 1, swap: 0 }] }));
const shrunk = change(`${CT}.web`, "update", lxc(), lxc({ disk: [{ datastore_id: "local-lvm", size: 4 }] }));
const bridge = change("proxmox_network_linux_bridge.web", "delete", {}, null);

describe("the guard's verdict", () => {
  it("is 0 for what destroys nothing, reboots and all", async () => {
    const { code, err, out } = await judged(plan(rebooted));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^web \(CT 301 on pve1\): REBOOTED\n {2}memory.dedicated: 2048 → 1 \(reboots\) {2}inventory\//);
    expect(out).toMatch(/\nlab: 1 rebooted$/);
    expect(await judged({})).toMatchObject({ code: 0, out: "lab: nothing would change" });
  });

  it("is 0 for steps that are asked to run again, as lab drift proposes", async () => {
    const again = change("null_resource.web_base", "replace", {}, {}, { action_reason: "replace_by_request" });
    const { code, err, out } = await judged(plan(change(`${CT}.web`, "nothing", lxc(), lxc()), again));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/runs base again: asked for by -replace/);
    expect(out).not.toContain("DESTROYED");
  });

  it.each([destroyed, replaced, bridge])("is 3 for $address, until it is allowed by name or address", async (each) => {
    const { code, err } = await judged(plan(each));
    expect(code).toBe(3);
    expect(err).toBe("refused: web would be destroyed; if that is meant, allow it by name: --allow web");
    expect((await judged(plan(each), { allow: ["web"] })).code).toBe(0);
    expect((await judged(plan(each), { allow: [each.address] })).code).toBe(0);
  });

  it("is 3 when only some of it is allowed, and tells things of one name apart by their addresses", async () => {
    const { code, err } = await judged(plan(destroyed, bridge), { allow: [destroyed.address] });
    expect(code).toBe(3);
    expect(err).toContain("--allow proxmox_network_linux_bridge.web");
  });

  it("is 3 for a change that would fail, whatever is allowed", async () => {
    const { code, err } = await judged(plan(shrunk));
    expect(code).toBe(3);
    expect(err).toMatch(/^refused: a change of web would fail: disk\.size: 8 → 4; correct the inventory$/);
    expect((await judged(plan(shrunk), { allow: ["web"] })).code).toBe(3);
    expect(JSON.parse((await judged(plan(shrunk), { json: true })).out)).toMatchObject({ refused: ["web"] });
  });

  it("is 3 for a guest that got another name, which would be destroyed while it is made anew, and says how it stays", async () => {
    const renamed = plan(change(`${CT}.old`, "delete", lxc(), null), change(`${CT}.web`, "create", null, lxc()));
    const { code, err } = await judged(renamed, { allow: ["old"], offline: true });
    expect(code).toBe(3);
    expect(err).toContain(
      `a change of web would fail: VMID 301 is that of old, which the same plan destroys at the same time; to keep the guest under its new name: terraform -chdir=cdktf.out/stacks/lab state mv ${CT}.old ${CT}.web; for another guest, give it`,
    );
    const elsewhere = plan(change(`${CT}.old`, "delete", lxc({ vm_id: 302 }), null), renamed.resource_changes[1]!);
    expect((await judged(elsewhere, { allow: ["old"], offline: true })).code).toBe(0);
  });

  it("is 3 for what would destroy a guest that stays, by an address of another name, whatever is allowed", async () => {
    const twice = plan(change(`${CT}.old`, "delete", lxc(), null), change(`${CT}.web`, "nothing", lxc(), lxc()));
    const { code, err } = await judged(twice, { allow: ["old"] });
    expect({ code, err }).toEqual({
      code: 3,
      err: `refused: old must not be destroyed: VMID 301 is that of web, too, which is not to go: what destroys old destroys it; let Terraform forget old: terraform -chdir=cdktf.out/stacks/lab state rm ${CT}.old`,
    });
    expect((await judged(twice)).err).not.toContain("--allow");
  });

  it("does not ask the host who holds VMIDs where it is told not to", async () => {
    const created = change(`${CT}.web`, "create", null, lxc());
    expect((await judged(plan(created), { offline: true })).out).toContain("whether VMIDs are free: --offline.");
  });

  it("says that a name allows nothing", async () => {
    const { code, err } = await judged(plan(destroyed), { allow: ["wbe"] });
    expect(code).toBe(3);
    expect(err).toContain('--allow wbe: this plan destroys nothing of that name; did you mean "web"');
  });

  it("is 1 for a plan that is not whole, also when all is allowed", async () => {
    const { code, err } = await judged({ ...plan(destroyed), errored: true }, { allow: ["web"] });
    expect(code).toBe(1);
    expect(err).toContain("the plan stopped at an error");
  });

  it("is the same as JSON", async () => {
    const { code, out } = await judged(plan(destroyed), { json: true });
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      verdicts: [{ subject: "web", outcome: "destroyed", losses: { lost: ["root disk (local-lvm, 8 GiB)"] } }],
      refused: ["web"],
    });
  });

  it("is of a plan, and of nothing else", () => {
    expect(parsePlan('{"errored":true}')).toEqual({ errored: true });
    expect(() => parsePlan("Terraform will perform")).toThrow(UsageError);
  });
});

describe("VMIDs that a plan takes into use", () => {
  const created = plan(change(`${CT}.web`, "create", null, lxc()));

  it("are asked for only where there are any, and a host that cannot be asked is said", async () => {
    expect((await judged(plan(rebooted))).out).not.toContain("could not be asked");
    const { code, out } = await judged(created);
    expect(code).toBe(0);
    expect(out).toContain(
      "could not be asked whether VMIDs are free: the API token (TF_VAR_proxmox_api_token) is not given",
    );
  });

  it("are not asked for over a connection that nobody vouches for", async () => {
    const host = await startTestbed({ authDelayMs: 0 });
    const from = {
      kind: "environment",
      value: host.credentials.labToken,
      variable: "TF_VAR_proxmox_api_token",
    } as const;
    const secrets = [{ name: "proxmox_api_token", usedBy: [], optional: false, from }];
    const at = (verifyTls: boolean) => ({
      ...LAB,
      connection: { ...LAB.connection, endpoint: `${host.url}/`, verifyTls },
    });
    const checked = await judged(created, { lab: at(true), secrets });
    expect(checked.out).toMatch(/could not be asked whether VMIDs are free: https:\/\/127.0.0.1:\d+\/: .*certificate/);
    expect(host.requests.total).toBe(0);
    expect((await judged(created, { lab: at(false), secrets })).out).not.toContain("could not be asked");
    await host.local({ method: "POST", path: "/nodes/pve1/lxc", parameters: FOREIGN });
    await host.settled();
    const taken = await judged(created, { lab: at(false), secrets });
    expect(taken).toMatchObject({
      code: 1,
      err: expect.stringContaining('VMID 301, wanted for web, is the container "foreign"'),
    });
    await host.close();
  });
});
