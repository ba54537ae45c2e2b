import { withoutUndefined } from "../collections";
import type { FirewallRule, GroupRule, Nic, PacketRule, Policy } from "../lab";
import type { Problem } from "../problem";
import type { MatchVars, RuleVars } from "../schema/firewall";
import { suggest } from "../schema/nearest";
import { type Tree, treeAt } from "../tree";
import type { End, FirewallNames, Place } from "./firewall-names";

const ACTIONS = { allow: "ACCEPT", drop: "DROP", reject: "REJECT" } as const satisfies Readonly<Record<string, Policy>>;

/** A list of rules in the inventory, and what its rules may say. */
export interface RuleList {
  readonly rules: readonly RuleVars[];
  /** The variable that holds the list. */
  readonly tree: Tree;
  /** The variable's name and the way to the list in it. */
  readonly path: readonly (string | number)[];
  readonly level: "datacenter" | "node" | "group" | "guest";
  /** A guest's network cards, which its rules may name. */
  readonly nics?: readonly Nic[];
  readonly subject?: string;
}

/** Turns rules of the inventory into those of Proxmox VE. */
export class RuleReader {
  constructor(
    readonly names: FirewallNames,
    readonly groups: ReadonlySet<string>,
  ) {}

  /** Several for one where it names ends that Proxmox VE takes no list of. */
  read(list: RuleList): FirewallRule[] {
    return list.rules.flatMap((rule, index): FirewallRule[] => {
      const place = (...rest: readonly (string | number)[]) => placeIn(list, [index, ...rest]);
      const common = {
        ...withoutUndefined({ iface: this.#iface(rule, list, place("card")), comment: rule.comment }),
        enabled: rule.enabled ?? true,
        at: place().at,
      };
      return rule.group === undefined
        ? this.#packets(rule, common, list, place)
        : this.#group(rule.group, common, list, place);
    });
  }

  /** The rules of a security group: all but uses of another one, which is reported. */
  readGroup(list: RuleList): PacketRule[] {
    return this.read(list).filter((rule) => rule.kind === "packets");
  }

  #group(group: string, common: Omit<GroupRule, "kind" | "group">, list: RuleList, place: Placer): GroupRule[] {
    if (list.level === "group") {
      const message = "a security group cannot hold another one";
      this.#refuse("firewall-rule", place("group"), message, "write its rules here, or name both groups at the guest");
      return [];
    }
    if (!this.groups.has(group)) {
      const message = `no security group is called "${group}"`;
      this.#refuse("unknown-security-group", place("group"), message, suggest(group, this.groups));
      return [];
    }
    return [{ kind: "group", group, ...common }];
  }

  #packets(rule: RuleVars, common: Common, list: RuleList, place: Placer): PacketRule[] {
    const key = (["allow", "drop", "reject"] as const).find((each) => rule[each] !== undefined);
    const given = key && rule[key];
    if (key === undefined || given === undefined) return [];
    const direction = rule.direction ?? "in";
    if (direction === "forward" && list.level === "guest") {
      const message = "packets are forwarded by nodes, a guest has only in and out";
      this.#refuse("firewall-rule", place("direction"), message, "write direction: in or out");
    }
    const match: MatchVars = typeof given === "string" ? { macro: given } : given;
    const from = this.#ends(match.from, (...rest) => place(key, "from", ...rest));
    const to = this.#ends(match.to, (...rest) => place(key, "to", ...rest));
    const rest = withoutUndefined({
      protocol: match.protocol,
      port: portsOf(match.port),
      sourcePort: portsOf(match.source_port),
      macro: match.macro,
      log: rule.log,
    });
    return pairs(from, to).map(([source, target]) => ({
      kind: "packets",
      direction,
      action: ACTIONS[key],
      ...withoutUndefined({ from: source?.text, to: target?.text }),
      ...rest,
      ...common,
    }));
  }

  #ends(given: MatchVars["from"], place: Placer): readonly (End | undefined)[] {
    if (given === undefined) return [undefined];
    return typeof given === "string"
      ? this.names.ends([given], () => place())
      : this.names.ends(given, (index) => place(index));
  }

  #iface({ card }: RuleVars, { level, nics, subject }: RuleList, place: Place): string | undefined {
    if (card === undefined || level === "datacenter" || level === "node") return card;
    if (level === "group") {
      const message = "a security group is for many guests, whose cards differ";
      this.#refuse("firewall-rule", place, message, "write card beside group: where the group is named");
      return undefined;
    }
    const index = nics?.findIndex(({ name }) => name === card) ?? -1;
    if (index >= 0) return `net${index}`;
    const message = `${subject} has no network card "${card}"`;
    this.#refuse("unknown-card", place, message, suggest(card, nics?.map(({ name }) => name) ?? []));
    return undefined;
  }

  #refuse(rule: string, place: Place, message: string, fix: string): void {
    const problem: Problem = { ...place, rule, severity: "error", message, fix };
    this.names.report(problem);
  }
}

type Common = Pick<PacketRule, "iface" | "comment" | "enabled" | "at">;
type Placer = (...rest: readonly (string | number)[]) => Place;

function placeIn({ path, subject, tree }: RuleList, rest: readonly (string | number)[]): Place {
  const [, ...inside] = path;
  return {
    at: treeAt(tree, [...inside, ...rest]).tree.at,
    path: [...path, ...rest].join("."),
    ...(subject === undefined ? {} : { subject }),
  };
}

const portsOf = (given: MatchVars["port"]) =>
  given === undefined ? undefined : [...new Set([given].flat())].join(",");

/** Every source with every destination, without those of two families. */
const pairs = (from: readonly (End | undefined)[], to: readonly (End | undefined)[]) =>
  from.flatMap((source) =>
    to
      .filter((target) => !source?.family || !target?.family || source.family === target.family)
      .map((target) => [source, target] as const),
  );
