import type { TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";
import { giveAddress } from "../address";
import { TerraformData } from "../terraform-data";
import { type GuardedGuest, guestName } from "./guarded-guest";

/** Keeps the `rebuild` of every guest where Terraform sees it change. */
export function keepRebuilds(scope: Construct): void {
  // A map, not an object: Terraform compares an entry of an object with itself and never sees a difference.
  giveAddress(new TerraformData(scope, "rebuilds", { input: "${tomap(local.rebuilds)}" }), "rebuilds");
}

/** For `local.rebuilds`: a guest's name → its `rebuild`. */
export function rebuildsOf(guests: readonly GuardedGuest[]): Readonly<Record<string, string>> {
  const wanted = guests.filter(({ rebuild }) => rebuild !== undefined);
  // Never empty: a guest is rebuilt when its entry appears here, and a resource that is only just created counts as no change.
  return { "": "guest = value", ...Object.fromEntries(wanted.map((guest) => [guestName(guest), guest.rebuild ?? ""])) };
}

/** What makes a guest anew when its `rebuild` changes. */
export function rebuildTrigger(guest: GuardedGuest): TerraformResourceLifecycle {
  if (guest.rebuild === undefined) return {};
  return { replaceTriggeredBy: [`terraform_data.rebuilds.input[${JSON.stringify(guestName(guest))}]`] };
}
