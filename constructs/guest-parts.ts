import { Fn, type TerraformProvider, type TerraformResource, Token } from "cdktf";
import type { Construct } from "constructs";
import { PoolMembership } from "../.gen/providers/proxmox/pool-membership";
import { pathOf } from "./construct-error";
import type { GuestNic } from "./guest-props";
import { TerraformFragment } from "./terraform-data";

/** The resource of a container or a VM. */
export type GuestResource = TerraformResource & { readonly id: string };

/** Takes over the guest that has this VMID on that node, by an import block. */
export function importGuest(
  scope: Construct,
  guest: GuestResource,
  from: { readonly node: string; readonly vmid: number; readonly provider?: TerraformProvider },
): void {
  const { node, provider, vmid } = from;
  new TerraformFragment(scope, "import", () => ({
    import: [
      {
        to: `${guest.terraformResourceType}.${guest.friendlyUniqueId}`,
        id: `${node}/${vmid}`,
        ...(provider ? { provider: provider.fqn } : {}),
      },
    ],
  }));
}

/** Not `pool_id`, a change of which would replace a container. A guest created anew joins again: its id is then unknown. */
export function joinPool(scope: Construct, guest: GuestResource, poolId: string): void {
  const membership = new PoolMembership(scope, "pool", { poolId, vmId: Token.asNumber(Fn.tonumber(guest.id)) });
  membership.overrideLogicalId(guest.friendlyUniqueId);
}

/** Whether Proxmox VE is told of any address, be it a dynamic one. */
export const hasAddress = ({ address, address6 }: GuestNic): boolean => address !== undefined || address6 !== undefined;

/** Static addresses of network cards, without prefix. */
export function staticAddresses(nics: readonly GuestNic[]): string[] {
  return nics.flatMap(({ address, address6 }) =>
    [address, address6].flatMap((each) =>
      each === undefined || each === "dhcp" || each === "auto" ? [] : [each.replace(/\/.*/, "")],
    ),
  );
}

/** The last part of the path that a user knows a construct by. */
export const nameOf = (construct: Construct): string => pathOf(construct).split("/").at(-1) ?? "";
