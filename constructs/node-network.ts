import type { TerraformResource } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { compact } from "./compact";
import { ConstructError } from "./construct-error";
import { NetworkBridge, type NetworkBridgeProps } from "./network-bridge";
import { type BridgeRules, hasRules, networkRules, problemsWithRules } from "./network-rules";
import type { NodeAccess, ProxmoxProviders } from "./providers";
import { nodeStep, type Step } from "./step";

/** A bridge, and who may reach whom across it. */
export interface NodeBridge
  extends Omit<NetworkBridgeProps, "nodeName" | "after" | "reloadTimeoutSeconds">,
    Omit<BridgeRules, "name" | "range" | "ports"> {
  /**
   * `none`: it is there, and never written; `create`: a resource; `rewrite`: written by a step on the node, for the bridge that
   * carries the node's own address. @default "create"
   */
  readonly write?: "none" | "create" | "rewrite";
  /** The range of its guests, where it has NAT. @default none */
  readonly range?: string;
}

export interface NodeNetworkProps {
  readonly providers: ProxmoxProviders;
  readonly node: NodeAccess;
  readonly bridges: readonly NodeBridge[];
  /** How long the node may be out of reach before what was done is taken back. @default 45; 120 where a bridge is rewritten */
  readonly confirmWithinSeconds?: number;
  /** @default nothing */
  readonly after?: readonly IDependable[];
}

/** Long enough for as many reloads as a node has bridges; each may take up to 100 s, and takes about 1 s. */
const GUARD_SECONDS = 300;

/**
 * The network of a node: its bridges, NAT, forwarded ports and isolation.
 *
 * Every change is made under a timer that takes it back unless the node is reached again through a new connection
 * (docs/decisions/0011-network-safety.md). Nothing is left to time: a step before the first bridge arms it, and the step
 * after the last one, whose second half is run through a connection of its own, disarms it.
 */
export class NodeNetwork extends Construct {
  /** Of the node: bridges and steps are its children, so that their addresses are short, `pve1_vmbr1`. */
  readonly #owner: Construct;
  /** By name the bridges that the lab makes. */
  readonly bridges: ReadonlyMap<string, NetworkBridge>;
  /** What guests on these bridges wait for. */
  readonly ready: TerraformResource;

  constructor(scope: Construct, id: string, props: NodeNetworkProps) {
    super(scope, id);
    this.#owner = scope;
    const { after = [], node, providers } = props;
    const problems = problemsWithRules(props.bridges);
    if (problems.length > 0) throw new ConstructError(this, problems);
    const made = props.bridges.filter(({ write = "create" }) => write === "create");
    const rewritten = props.bridges.filter(({ write }) => write === "rewrite");
    const guard = made.length === 0 ? undefined : this.#guard(made, props);
    let before: readonly IDependable[] = guard ? [guard.resource] : after;
    const bridges = new Map<string, NetworkBridge>();
    for (const bridge of made) {
      const { autostart, address, address6, comment, mtu, name, ports, vlanAware } = bridge;
      const link = compact({ autostart, address, address6, comment, mtu, ports, vlanAware });
      const built = new NetworkBridge(scope, name, { ...link, name, nodeName: node.name, after: before });
      bridges.set(name, built);
      before = [built.bridge];
    }
    this.bridges = bridges;
    const step = nodeStep(scope, "node-network", {
      role: "node-network",
      providers,
      node,
      // A guard that was armed is disarmed by the run that it brings about.
      runsAgainWith: guard ? guard.resource.id : node.name,
      settings: {
        network_rules: hasRules(props.bridges) ? networkRules(props.bridges) : "",
        network_forwarding: props.bridges.some(({ uplink }) => uplink !== undefined),
        network_confirm_seconds: props.confirmWithinSeconds ?? (rewritten.length > 0 ? 120 : 45),
        network_rewrite: rewritten.map(rewriting),
      },
      confirm: true,
      after: before,
    });
    this.ready = step.resource;
  }

  /** Armed again whenever what is wanted of a bridge changes. */
  #guard(made: readonly NodeBridge[], { after = [], node, providers }: NodeNetworkProps): Step {
    return nodeStep(this.#owner, "network-guard", {
      role: "network-guard",
      providers,
      node,
      settings: { network_guard_seconds: GUARD_SECONDS, network_bridges: made.map(linkSettings) },
      after,
    });
  }
}

const linkSettings = ({ address, address6, autostart, comment, mtu, name, ports = [], vlanAware }: NodeBridge) => ({
  name,
  ports: [...ports].sort(),
  ...compact({ address, address6, autostart, comment, mtu, vlan_aware: vlanAware }),
});

/** As `pvesh set /nodes/NODE/network/BRIDGE` takes it. */
function rewriting({ address, address6, autostart = true, comment, mtu, name, ports, vlanAware }: NodeBridge) {
  const options = compact({
    cidr: address,
    cidr6: address6,
    mtu,
    comments: comment,
    bridge_ports: ports?.join(" "),
    bridge_vlan_aware: vlanAware === undefined ? undefined : Number(vlanAware),
  });
  return { name, options: { autostart: Number(autostart), ...options } };
}
