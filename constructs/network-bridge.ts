import { Construct, type IDependable } from "constructs";
import { NetworkLinuxBridge, type NetworkLinuxBridgeConfig } from "../.gen/providers/proxmox/network-linux-bridge";
import { giveAddress, pathInStack } from "./address";
import { compact } from "./compact";
import { ConstructError, shown } from "./construct-error";
import { dependencies } from "./step";

export interface NetworkBridgeProps {
  readonly nodeName: string;
  /** Letters, digits and `_`, at most ten: `vmbr1`. */
  readonly name: string;
  /** The node's address on it, with prefix. @default none */
  readonly address?: string;
  /** @default none */
  readonly address6?: string;
  /** Physical ports. @default none */
  readonly ports?: readonly string[];
  /** Whether guests may use VLAN tags. @default false */
  readonly vlanAware?: boolean;
  /** @default 1500, which Linux gives */
  readonly mtu?: number;
  /** @default none */
  readonly comment?: string;
  /** Up at boot. @default true */
  readonly autostart?: boolean;
  /** How long the node may take to reload its network. @default 100 */
  readonly reloadTimeoutSeconds?: number;
  /** What must be done before, such as the bridge before this one: a reload takes all that is pending. @default nothing */
  readonly after?: readonly IDependable[];
}

/** What the provider takes for a bridge's name (bpg/proxmox 0.111.1, resource_linux_bridge.go). */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,9}$/;

/**
 * A Linux bridge of a node, made through Proxmox VE's API, which reloads the node's network at once.
 *
 * Not for the bridge that carries the node's own address: taken out of the configuration it would be destroyed, and the node
 * with it be cut off. `NodeNetwork` makes bridges under a guard, and rewrites that one by a step that nothing destroys.
 */
export class NetworkBridge extends Construct {
  readonly bridge: NetworkLinuxBridge;

  constructor(scope: Construct, id: string, props: NetworkBridgeProps) {
    super(scope, id);
    const { after = [], mtu, name, ports = [] } = props;
    const problems: string[] = [];
    if (!NAME.test(name))
      problems.push(
        `name: expected letters, digits and _, starting with a letter, at most 10, got ${shown(name)}; rename the bridge`,
      );
    if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= 1280 && mtu <= 65520))
      problems.push(`mtu: expected a whole number from 1280 to 65520, got ${shown(mtu)}; write 1500`);
    if (problems.length > 0) throw new ConstructError(this, problems);
    this.bridge = new NetworkLinuxBridge(this, "Default", {
      ...compact<Partial<NetworkLinuxBridgeConfig>>({
        address: props.address,
        address6: props.address6,
        comment: props.comment,
        mtu,
        timeoutReload: props.reloadTimeoutSeconds,
      }),
      nodeName: props.nodeName,
      name,
      // The provider sorts them.
      ports: [...ports].sort(),
      vlanAware: props.vlanAware ?? false,
      autostart: props.autostart ?? true,
      ...(after.length > 0 ? { dependsOn: dependencies(after) } : {}),
    });
    giveAddress(this.bridge, ...pathInStack(this));
  }
}
