import type { Group, Host, VarLayer } from "./inventory";
import type { Position, Problem } from "./problem";
import { formatPosition } from "./problem";

/** A group while the inventory is being read. */
interface GroupDraft {
  readonly name: string;
  at?: Position;
  readonly children: string[];
  readonly parents: string[];
  readonly hosts: Map<string, Position>;
  priority: number;
  readonly layers: VarLayer[];
}

interface HostDraft {
  readonly name: string;
  readonly at: Position;
  readonly layers: VarLayer[];
}

/** Groups and hosts as hosts files name them, in Ansible's order (ansible/inventory/data.py). */
export class GroupGraph {
  readonly groups = new Map<string, GroupDraft>();
  readonly hosts = new Map<string, HostDraft>();
  readonly problems: Problem[] = [];
  /** Where each group was made a child: `parent\0child`. */
  private readonly edges = new Map<string, Position>();

  constructor() {
    this.group("all");
    this.group("ungrouped");
    this.link("all", "ungrouped");
  }

  /** The group of this name, made if need be. */
  group(name: string, at?: Position): GroupDraft {
    let group = this.groups.get(name);
    if (!group) {
      group = { name, children: [], parents: [], hosts: new Map(), priority: 1, layers: [] };
      this.groups.set(name, group);
    }
    if (at) group.at ??= at;
    return group;
  }

  /** Makes `child` a child of `parent`, unless that would close a circle, which is reported with every line of it. */
  addChild(parent: string, child: string, at: Position): void {
    const circle = child === "all" ? ["all"] : this.path(child, parent);
    if (!circle) {
      this.link(parent, child, at);
      return;
    }
    if (child === "all") {
      const message = `"all" cannot be a child of "${parent}": every group is below "all"`;
      this.problems.push({
        rule: "group-cycle",
        severity: "error",
        at,
        subject: parent,
        message,
        fix: "remove it here",
      });
      return;
    }
    const chain = [parent, ...circle];
    const also = circle.slice(1).map((name, index) => {
      const from = circle[index]!;
      return { at: this.edges.get(`${from}\0${name}`) ?? at, note: `"${name}" is a child of "${from}"` };
    });
    const message =
      parent === child ? `group "${child}" is its own child` : `groups contain each other: ${chain.join(" > ")}`;
    this.problems.push({
      rule: "group-cycle",
      severity: "error",
      at,
      also,
      subject: child,
      message,
      fix: `remove "${child}" here, or cut the circle elsewhere`,
    });
  }

  addHost(name: string, group: string, at: Position): HostDraft {
    let host = this.hosts.get(name);
    if (!host) {
      host = { name, at, layers: [] };
      this.hosts.set(name, host);
    }
    const members = this.group(group).hosts;
    if (!members.has(name)) members.set(name, at);
    return host;
  }

  /** Puts groups without a parent below `all` and hosts without a group into `ungrouped`, and reports clashing names. */
  finish(): { groups: Map<string, Group>; hosts: Map<string, Host> } {
    for (const { name, parents } of this.groups.values()) {
      if (name !== "all" && parents.length === 0) this.link("all", name);
    }
    const memberships = this.settleUngrouped();
    for (const [name, host] of this.hosts) this.reportClash(name, host);
    const depths = this.depths();
    const groups = new Map([...this.groups].map(([name, group]) => [name, { ...group, depth: depths.get(name) ?? 0 }]));
    const hosts = new Map(
      [...this.hosts].map(([name, host]) => [name, { ...host, groups: memberships.get(name) ?? [] }]),
    );
    return { groups, hosts };
  }

  private link(parent: string, child: string, at?: Position): void {
    const group = this.group(parent);
    if (group.children.includes(child)) return;
    group.children.push(child);
    this.group(child).parents.push(parent);
    if (at) this.edges.set(`${parent}\0${child}`, at);
  }

  /** A way down from one group to another, both included. */
  private path(from: string, to: string): string[] | undefined {
    const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
    const queue = [from];
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      if (name === to) {
        const way: string[] = [];
        for (let step: string | undefined = to; step !== undefined; step = cameFrom.get(step)) way.unshift(step);
        return way;
      }
      for (const child of this.groups.get(name)?.children ?? []) {
        if (cameFrom.has(child)) continue;
        cameFrom.set(child, name);
        queue.push(child);
      }
    }
    return undefined;
  }

  private settleUngrouped(): Map<string, string[]> {
    const memberships = new Map<string, string[]>([...this.hosts.keys()].map((name) => [name, []]));
    for (const group of this.groups.values()) {
      for (const host of group.hosts.keys()) memberships.get(host)?.push(group.name);
    }
    const ungrouped = this.group("ungrouped");
    for (const [name, groups] of memberships) {
      const grouped = groups.some((group) => group !== "all" && group !== "ungrouped");
      if (grouped && ungrouped.hosts.delete(name)) groups.splice(groups.indexOf("ungrouped"), 1);
      if (!grouped && !groups.includes("ungrouped")) {
        ungrouped.hosts.set(name, this.hosts.get(name)!.at);
        groups.push("ungrouped");
      }
    }
    return memberships;
  }

  private reportClash(name: string, host: HostDraft): void {
    const group = this.groups.get(name);
    if (!group) return;
    this.problems.push({
      rule: "group-and-host",
      severity: "warning",
      at: host.at,
      subject: name,
      message: `"${name}" is the name of a host and of a group${group.at ? ` (${formatPosition(group.at)})` : ""}`,
      fix: "rename one of them",
    });
  }

  /** The longest way from `all` to each group. */
  private depths(): Map<string, number> {
    const depths = new Map<string, number>([["all", 0]]);
    const waiting = new Map([...this.groups.values()].map(({ name, parents }) => [name, parents.length]));
    const ready = [...this.groups.keys()].filter((name) => waiting.get(name) === 0);
    for (let name = ready.shift(); name !== undefined; name = ready.shift()) {
      for (const child of this.groups.get(name)?.children ?? []) {
        depths.set(child, Math.max(depths.get(child) ?? 0, (depths.get(name) ?? 0) + 1));
        waiting.set(child, waiting.get(child)! - 1);
        if (waiting.get(child) === 0) ready.push(child);
      }
    }
    return depths;
  }
}
