import { causeOf, type Guest, type Lab } from "../../model/lab";
import type { Position } from "../../model/problem";
import { backupsOf } from "./backups";
import { CONTAINER, FORCING, GONE, type Row, rowOf, VM, withoutReboot } from "./effects";
import { hardwareChanges, hasHardware, hasHardwareDrift } from "./hardware";
import { lossesOf } from "./losses";
import { type Action, actionOf, type Difference, differences, isGuest, type Plan, type ResourceChange } from "./plan";
import { clashOf, sharedOf } from "./same-vmid";
import { type StepChange, stepChange, stepTexts } from "./steps";
import { type Change, type Outcome, outcomeOf, type Verdict, worst } from "./verdict";

const TABLES: Readonly<Record<string, { readonly kind: "container" | "vm"; readonly rows: readonly Row[] }>> = {
  proxmox_virtual_environment_container: { kind: "container", rows: CONTAINER },
  proxmox_virtual_environment_vm: { kind: "vm", rows: VM },
};

/**
 * Says of each guest and node, and of whatever else a plan destroys, what applying the plan would do to it, why, and what
 * is lost; also where the plan does not say so. Guests come first, as the lab has them, then what the lab no longer has.
 */
export function guardPlan(plan: Plan, lab: Lab): readonly Verdict[] {
  const changes = (plan.resource_changes ?? []).filter(({ mode }) => mode === "managed");
  const guests = changes.filter(isGuest);
  const owners = new Set([...guests, ...lab.nodes, ...lab.guests].map(({ name }) => name));
  const steps = changes.flatMap((each) => (each.type === "null_resource" ? (stepChange(each, owners) ?? []) : []));
  const stepsOf = (name: string) => steps.filter(({ owner }) => owner === name);
  const ofGuests = guests.flatMap((change) => guestVerdict({ plan, lab, change, stepsOf }));
  const ofNodes = lab.nodes.flatMap(({ name, source }) => nodeVerdict(name, source.at, stepsOf(name)));
  const rest = changes.filter((each) => !isGuest(each)).flatMap(otherVerdict);
  const order = new Map(lab.guests.map(({ name }, index) => [name, index]));
  const place = ({ subject }: Verdict) => order.get(subject) ?? lab.guests.length;
  return [...ofGuests.sort((a, b) => place(a) - place(b)), ...ofNodes, ...rest];
}

interface GuestChange {
  readonly plan: Plan;
  readonly lab: Lab;
  readonly change: ResourceChange;
  readonly stepsOf: (name: string) => readonly StepChange[];
}

function guestVerdict({ change, lab, plan, stepsOf }: GuestChange): Verdict[] {
  const table = TABLES[change.type];
  if (!table) return [];
  const guest = lab.guests.find(({ name }) => name === change.name);
  const action = actionOf(change);
  const steps = stepsOf(change.name);
  const stays = action === "update" || action === "nothing";
  const isDestroyed = action === "replace" || action === "delete";
  const isHardware = ({ role, runs }: StepChange) => runs && role === "hardware";
  const drift = plan.resource_drift?.find(({ address }) => address === change.address);
  const ofNode = guest?.adopt === false ? stepsOf(guest.node).find(isHardware) : undefined;
  // With its last mount or device a guest's own step goes. The state may keep what the node's step has long taken away.
  const isNew = steps.some(({ role, runs }) => role === "hardware" && !runs) || (drift && hasHardwareDrift(drift));
  const isBare = ofNode !== undefined && (isNew || !ofNode.stands) && !hasHardware(plan, change);
  const hardwareRuns = stays && (steps.some(isHardware) || isBare);
  const own = ownChanges({ change, action, guest, rows: table.rows, lab, drift });
  const { claims } = claimsOf(change, action, table.kind);
  const clash = claims ? clashOf(plan, lab, change, claims.vmid) : [];
  const shared = isDestroyed ? sharedOf(plan, lab, change) : [];
  const changes = [...own, ...clash, ...shared, ...hardwareChanges(plan, change, guest, hardwareRuns)];
  if (action === "nothing" && !change.change.importing && changes.length + steps.length === 0) return [];
  return [
    {
      subject: change.name,
      what: whatOf(change, table.kind),
      address: change.address,
      outcome: guestOutcome(change, action, changes),
      changes: [...changes, ...stepTexts(steps).map((text) => ({ text }))],
      isDestructive: isDestroyed,
      ...(shared.length > 0 ? { isForbidden: true } : {}),
      ...(isDestroyed ? { losses: lossesOf(change), backups: backupsOf(lab, change.name) } : {}),
      ...(claims ? { claims } : {}),
    },
  ];
}

function guestOutcome(change: ResourceChange, action: Action, changes: readonly Change[]): Outcome {
  const { after, before, importing } = change.change;
  const adopted: Outcome[] = importing ? ["adopted"] : [];
  switch (action) {
    case "create":
      return changes.some(({ effect }) => effect === "fails") ? "fails" : "created";
    case "replace":
      return "replaced";
    case "delete":
      return "destroyed";
    case "forget":
      return "forgotten";
    default:
      return worst([...adopted, outcomeOf(changes, before?.started !== false && after?.started !== false)]);
  }
}

const KINDS = { container: "CT", vm: "VM" } as const;

function whatOf({ change: { after, before } }: ResourceChange, kind: "container" | "vm"): string {
  const values = before ?? after ?? {};
  return `${KINDS[kind]} ${values.vm_id ?? "?"} on ${values.node_name ?? "?"}`;
}

/** A replaced guest keeps its VMID, unless that is what is changed. */
function claimsOf({ change }: ResourceChange, action: Action, kind: "container" | "vm"): Pick<Verdict, "claims"> {
  const { after, before } = change;
  const isNew = action === "create" || (action === "replace" && before?.vm_id !== after?.vm_id);
  if (!isNew || typeof after?.vm_id !== "number") return {};
  const tags = Array.isArray(after.tags) ? after.tags.map(String) : [];
  return { claims: { vmid: after.vm_id, kind, tags: tags.filter((tag) => tag.startsWith("lab-")) } };
}

interface Own {
  readonly change: ResourceChange;
  readonly action: Action;
  readonly guest: Guest | undefined;
  readonly rows: readonly Row[];
  readonly lab: Lab;
  /** What somebody else did to it. */
  readonly drift: ResourceChange | undefined;
}

/** What the resource itself is changed in, and the lines of the inventory that say so. */
function ownChanges(own: Own): Change[] {
  const { action, change, drift, guest, lab, rows } = own;
  if (action === "delete") return [gone(change, guest, lab)];
  if (action === "update") return differences(change).map((each) => updateOf(each, own));
  if (action === "replace") return forces(change, guest, rows);
  if (action !== "create" || !guest) return [];
  const isLost = drift !== undefined && actionOf(drift) === "delete";
  const text = isLost ? "was destroyed behind Terraform's back, and is made anew" : "is new to Terraform";
  return [{ text, at: guest.source.at }];
}

function gone({ name }: ResourceChange, guest: Guest | undefined, lab: Lab): Change {
  if (!guest) return { text: `${name} is no longer in ${lab.folder}` };
  return { text: "is in the inventory, but no longer built from it", at: guest.source.at };
}

function updateOf(difference: Difference, { change, drift, guest, rows }: Own): Change {
  const { after, before, path } = difference;
  const found = rowOf(rows, path, before, after);
  const effect = found?.effect ?? "unknown";
  const isDrift = drift && differences(drift).some((each) => each.path === path);
  return {
    text: `${textOf(difference)}${isDrift ? ", after somebody else changed it" : ""}`,
    effect: change.change.after?.reboot_after_update === false ? withoutReboot(path, effect) : effect,
    ...(guest ? place(guest, found?.key ?? "", path) : {}),
  };
}

const WORDS: Readonly<Record<string, string>> = {
  replace_because_tainted: "a former create or start failed, so Terraform makes it anew",
  replace_by_request: "asked for by -replace",
  replace_by_triggers: "rebuild was set or changed",
};

function forces(change: ResourceChange, guest: Guest | undefined, rows: readonly Row[]): Change[] {
  const words = WORDS[change.action_reason ?? ""];
  const key = change.action_reason === "replace_by_triggers" ? "rebuild" : "";
  if (words) return [{ text: words, ...(guest && key !== "" ? place(guest, key, "") : {}) }];
  const forcing = new Set((change.change.replace_paths ?? []).map((path) => path.join(".")));
  const all = differences(change);
  const paths = [...forcing].map((path) => {
    const difference = all.find((each) => each.path === path || each.path.startsWith(`${path}.`));
    const top = path.split(".")[0] ?? "";
    const row = FORCING[top] ?? rowOf(rows, path, difference?.before, difference?.after)?.key ?? "";
    return { text: difference ? textOf(difference) : path, ...(guest ? place(guest, row, path) : {}) };
  });
  return paths.length > 0 ? paths : [{ text: "for a reason that the plan does not give" }];
}

/** The line of the key's value, of the card that is meant, or of the guest where the key is not written. */
function place({ source }: Guest, key: string, path: string): { at: Position } {
  const cause = (field: string) => causeOf(source, field);
  const [, card, field] = /^(?:network_interface|network_device)\.(\d+)(?:\.(\w+))?/.exec(path) ?? [];
  const fields: Readonly<Record<string, string>> = {
    bridge: "bridge",
    vlan_id: "vlan",
    mac_address: "mac",
    mtu: "mtu",
    rate_limit: "rateLimitMBps",
    firewall: "firewall",
    name: "name",
  };
  const [, disk] = /^disk\.(\d+)/.exec(path) ?? [];
  const [, address] = /^initialization\.\d+\.ip_config\.(\d+)/.exec(path) ?? [];
  const ofCard =
    card === undefined ? undefined : (cause(`nics.${card}.${fields[field ?? ""] ?? ""}`) ?? cause(`nics.${card}`));
  const ip = address === undefined ? undefined : (cause(`nics.${address}.address`) ?? cause(`nics.${address}`));
  return { at: ofCard ?? ip ?? cause(`disks.${disk}`) ?? cause(key) ?? source.at };
}

function textOf({ after, before, isSensitive, path }: Difference): string {
  const plain = path.replaceAll(/\.0(?=\.|$)/g, "");
  return isSensitive ? `${plain}: a secret changes` : `${plain}: ${shown(before)} → ${shown(after)}`;
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  if (Array.isArray(value) && value.some((each) => typeof each === "object")) return `${value.length}`;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function nodeVerdict(name: string, at: Position, steps: readonly StepChange[]): Verdict[] {
  if (steps.length === 0) return [];
  const changes = stepTexts(steps).map((text) => ({ text, at }));
  return [{ subject: name, what: "node", address: name, outcome: "configured", changes, isDestructive: false }];
}

/** What is neither guest nor step is told when it goes away or is made anew. */
function otherVerdict(change: ResourceChange): Verdict[] {
  const action = actionOf(change);
  const { address, name, type } = change;
  if ((action !== "delete" && action !== "replace") || !type.startsWith("proxmox_")) return [];
  const short = type.replace(/^proxmox_(virtual_environment_)?/, "");
  const lost = GONE.find(([pattern]) => pattern.test(short))?.[1];
  const paths = (change.change.replace_paths ?? []).map((path) => path.join("."));
  const why =
    action === "delete"
      ? { text: "is no longer asked for by the inventory" }
      : { text: `cannot be changed in place: ${paths.join(", ") || (change.action_reason ?? "no reason given")}` };
  if (lost?.isHarmless) {
    const text = action === "delete" ? "is taken away" : "is made anew";
    return [
      { subject: address, what: lost.word, address, outcome: "configured", changes: [{ text }], isDestructive: false },
    ];
  }
  return [
    {
      subject: name,
      what: lost?.word ?? short.replaceAll("_", " "),
      address,
      outcome: action === "delete" ? "destroyed" : "replaced",
      changes: [why],
      losses: { lost: [lost?.loses ?? "whatever it does"], kept: [] },
      isDestructive: true,
    },
  ];
}
