import type { Lab } from "../../model/lab";
import { actionOf, type Held, isGuest, type Plan, type ResourceChange } from "./plan";
import type { Change } from "./verdict";

/** A guest takes a VMID that Terraform knows of another: nothing makes it wait until the other is gone. */
export function clashOf(plan: Plan, lab: Lab, change: ResourceChange, vmid: number): Change[] {
  const former = holders(plan, vmid).find(({ address }) => address !== change.address);
  if (!former) return [];
  const isDestroyed = actions(plan, former.address).includes("delete");
  const why = isDestroyed ? "which the same plan destroys at the same time" : "which still has it";
  const text = `VMID ${vmid} is that of ${former.name}, ${why}`;
  return [{ text, effect: "fails", fix: remedy(plan, lab, change, former) }];
}

function remedy(plan: Plan, lab: Lab, change: ResourceChange, former: Held): string {
  const other = "give it another VMID";
  if (lab.guests.some(({ name }) => name === former.name))
    return `${other}; or deploy ${former.name} first, so that it gives up its VMID: --limit ${former.name}`;
  const after = `${other}; or take both out of the inventory, deploy, and put it in`;
  if (former.type !== change.type || actionOf(change) !== "create") return after;
  const moves = movesOf(plan, former, change).map((pair) => `${terraform(lab)} state mv ${pair}`);
  return `to keep the guest under its new name: ${moves.join(" && ")}; for another guest, ${after}`;
}

/** The guest, and what else bears its name and has another only because the guest has: its firewall, its place in a pool. */
function movesOf(plan: Plan, former: Held, { name, type }: ResourceChange): string[] {
  const state = inState(plan);
  const known = new Set(state.map(({ address }) => address));
  const configured = plan.configuration?.root_module?.resources?.map(({ address }) => address);
  const goes = (address: string) =>
    actions(plan, address).includes("delete") || (configured !== undefined && !configured.includes(address));
  const comes = (address: string) => actions(plan, address).includes("create") || configured?.includes(address);
  const types = state
    .filter((each) => each.type.startsWith("proxmox_") && each.name === former.name && goes(each.address))
    .map((each) => each.type)
    .filter((each) => !known.has(`${each}.${name}`) && comes(`${each}.${name}`));
  return [...new Set([type, ...types])].map((each) => `${each}.${former.name} ${each}.${name}`);
}

/** A guest to be destroyed whose VMID is also that of one that stays: it is the same guest, known twice. */
export function sharedOf(plan: Plan, lab: Lab, { address, change, name }: ResourceChange): Change[] {
  const vmid = change.before?.vm_id;
  const goes = (held: Held) => actions(plan, held.address).join() === "delete";
  const other = holders(plan, vmid).find((held) => held.address !== address && !goes(held));
  if (!other) return [];
  const isRight = lab.guests.some((guest) => guest.name === name && guest.vmid === vmid);
  const wrong = isRight ? other : { address, name };
  const text = `VMID ${vmid} is that of ${other.name}, too, which is not to go: what destroys ${name} destroys it`;
  return [{ text, fix: `let Terraform forget ${wrong.name}: ${terraform(lab)} state rm ${wrong.address}` }];
}

const terraform = ({ name }: Lab) => `terraform -chdir=cdktf.out/stacks/${name}`;

const actions = (plan: Plan, address: string): readonly string[] =>
  plan.resource_changes?.find((each) => each.address === address)?.change.actions ?? [];

const holders = (plan: Plan, vmid: unknown): Held[] =>
  inState(plan).filter((held) => isGuest(held) && typeof vmid === "number" && held.values?.vm_id === vmid);

/** What Terraform manages before the plan is applied. */
function inState({ prior_state, resource_changes = [] }: Plan): Held[] {
  const changed = resource_changes.flatMap(({ change: { before }, ...each }) =>
    before ? [{ ...each, values: before }] : [],
  );
  const addresses = new Set(changed.map(({ address }) => address));
  const others = prior_state?.values?.root_module?.resources?.filter(({ address }) => !addresses.has(address)) ?? [];
  return [...changed, ...others].filter(({ mode }) => mode === "managed");
}
