import type { Lab } from "../../model/lab";
import { said } from "../../stacks/system-error";
import { apiGet } from "../proxmox-api";
import type { Verdict } from "./verdict";

/** A guest as `GET /cluster/resources` lists it. */
interface Holder {
  readonly vmid: number;
  readonly name: string;
  readonly node: string;
  readonly kind: "container" | "vm";
  readonly tags: readonly string[];
}

/** What the host says of the VMIDs that a plan takes into use. */
export type HostAnswer =
  | { readonly asked: false; readonly why: string }
  | {
      readonly asked: true;
      /** VMIDs that somebody else's guest holds, which the provider would silently take over. */
      readonly taken: readonly string[];
      /** Guests of this lab that are there without Terraform knowing, as after an interrupted apply. */
      readonly ours: readonly string[];
    };

const LIMIT_MS = 10_000;

/** Asks the host who holds the VMIDs of guests that are to be created; it is not asked when there are none. */
export async function askHost(verdicts: readonly Verdict[], lab: Lab, token: string | undefined): Promise<HostAnswer> {
  const claims = verdicts.flatMap(({ claims, outcome, subject }) =>
    claims && outcome !== "fails" ? [{ ...claims, subject }] : [],
  );
  if (claims.length === 0) return { asked: true, taken: [], ours: [] };
  if (!token) return { asked: false, why: "the API token (TF_VAR_proxmox_api_token) is not given" };
  let holders: readonly Holder[];
  try {
    holders = await guestsOf(lab, token);
  } catch (error) {
    return { asked: false, why: `${lab.connection.endpoint}: ${said(error as Error)}` };
  }
  const taken: string[] = [];
  const ours: string[] = [];
  for (const { kind, subject, tags, vmid } of claims) {
    const holder = holders.find((each) => each.vmid === vmid);
    if (!holder) continue;
    const isOurs = holder.kind === kind && holder.tags.some((tag) => tags.includes(tag));
    const what = `the ${holder.kind} "${holder.name}" on node ${holder.node}`;
    if (isOurs) ours.push(`VMID ${vmid} (${subject}) is there already and carries this lab's tag: ${what}`);
    else taken.push(`VMID ${vmid}, wanted for ${subject}, is ${what}`);
  }
  return { asked: true, taken, ours };
}

async function guestsOf(lab: Lab, token: string): Promise<readonly Holder[]> {
  const { body, status } = await apiGet(lab, "cluster/resources?type=vm", token, LIMIT_MS);
  if (status !== 200) throw new Error(status === 401 ? "the token is not accepted (401)" : `it answered ${status}`);
  const { data } = JSON.parse(body) as { data?: readonly Readonly<Record<string, unknown>>[] };
  return (data ?? []).map(({ name, node, tags, type, vmid }) => ({
    vmid: Number(vmid),
    name: String(name ?? ""),
    node: String(node ?? "?"),
    kind: type === "lxc" ? "container" : "vm",
    tags: String(tags ?? "").split(/[;, ]+/),
  }));
}
