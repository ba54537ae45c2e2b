import type { z } from "zod";
import { type Described, describe } from "../model/schema/describe";
import { LAB_WIDE, VARIABLES } from "../model/schema/variables";
import { CREDENTIALS } from "../model/vault/credentials";
import { allRoles, type Role } from "../provision/registry";

/** Where the reference stands, relative to the project. */
export const REFERENCE = "docs/inventory.md";

interface Shape {
  readonly [key: string]: z.core.$ZodType;
}

/** The variables of a role, and the keys of each, as tables under headings that are not above the third level. */
export function settingsTables(shape: Shape): string {
  return new Reference([]).tables(shape);
}

/** Every variable and key of an inventory as a page of Markdown, from the schemas that check them. */
export function referencePage(roles: readonly Role[] = allRoles()): string {
  return new Reference().page(roles);
}

const INTRODUCTION = `# The inventory, key by key

<!-- Written by npm run -s lab -- schema --write, from the schemas that check an inventory: change those. -->

Every variable that an inventory may set, with its type, unit, default and meaning. [Examples](examples.md) has whole labs and
guests to copy; [rules of the inventory](inventory-rules.md) has group names, templates and what \`{{ … }}\` may hold.

A variable stands in \`group_vars/\`, \`host_vars/\` or \`hosts.yml\`; the strongest definition wins as a whole, as with Ansible.
Names that begin with \`proxmox_\`, \`lxc_\` or \`terraform_\` and are not here are mistakes; any other name is yours.
\`npm run -s lab -- explain LAB/HOST KEY\` tells the value that holds and where it comes from, also for a key that is not set.
`;

class Reference {
  /** By the schema of a key, the section that has it already. */
  readonly #told = new Map<z.core.$ZodType, string>();

  /** Mappings whose section is still to come, and its title: what lies deeper refers to it instead of telling it. */
  readonly #promised = new Map<z.ZodObject, string>();

  readonly #lines: string[];

  constructor(lines: string[] = [INTRODUCTION]) {
    this.#lines = lines;
  }

  tables(shape: Shape): string {
    this.#table("", shape, true);
    return this.#lines.join("\n").trimEnd();
  }

  page(roles: readonly Role[]): string {
    const names = Object.keys(VARIABLES);
    const mappings = ["proxmox_lxc", "proxmox_vm", "proxmox_node"];
    const secret = (name: string) => (CREDENTIALS as readonly string[]).includes(name);
    const wide = (name: string) => (LAB_WIDE as readonly string[]).includes(name);
    const ordinary = names.filter((name) => !mappings.includes(name) && !wide(name) && !secret(name));
    this.#group("Guests and nodes", "One of them makes a host a guest or a node.", mappings);
    this.#group("Of the whole lab", "One value for all hosts; set them in `group_vars/all`.", names.filter(wide));
    this.#group("Of groups and hosts", "They may differ from host to host.", ordinary);
    this.#group(
      "Credentials",
      "In the inventory only encrypted: see [secrets](commands/secrets.md).",
      names.filter(secret),
    );
    this.#lines.push("## Of roles\n", "What is configured inside guests, a role each.\n");
    for (const role of roles) this.#role(role);
    return `${this.#lines.join("\n").trimEnd()}\n`;
  }

  #group(title: string, text: string, names: readonly string[]): void {
    this.#lines.push(`## ${title}\n`, `${text}\n`);
    this.#table("", Object.fromEntries(names.map((name) => [name, VARIABLES[name as keyof typeof VARIABLES]])));
  }

  #role({ group, name, summary, switch: off, targets, variables, when }: Role): void {
    const whose = group === "all" ? "every guest" : `members of \`${group}\``;
    const only = when === "set" ? " that set one of its variables" : "";
    const kinds = targets ? ` (${targets.join(", ")})` : "";
    const unless = off === undefined ? "" : `, unless \`${off}\` is false`;
    this.#lines.push(`### Role ${name}\n`);
    this.#lines.push(`${cell(summary)} For ${whose}${kinds}${only}${unless}. [More](roles/${name}.md)\n`);
    if (Object.keys(variables.shape).length > 0) this.#table("", variables.shape, true);
  }

  /** The keys of a mapping, which is complete or not at all, then a section for each mapping in it that has not been told yet. */
  #table(path: string, shape: Shape, isComplete = path !== ""): void {
    const keys = Object.entries(shape).map(([key, schema]) => ({ key, schema, doc: describe(schema) }));
    const sections: { readonly title: string; readonly inner: NonNullable<Described["inner"]> }[] = [];
    this.#lines.push("| Key | Type | Default | Meaning |", "|---|---|---|---|");
    for (const { doc, key, schema } of keys) {
      const title = `${path === "" ? "" : `${path}.`}${key}${doc.inner?.suffix ?? ""}`;
      const known = doc.inner && (this.#sectionOf(doc.inner.schema) ?? this.#promised.get(doc.inner.schema));
      if (doc.inner && !known) {
        sections.push({ title, inner: doc.inner });
        this.#promised.set(doc.inner.schema, title);
      }
      const name = doc.inner ? `[\`${key}\`](#${anchor(known ?? title)})` : `\`${key}\``;
      const preset = doc.preset ?? (isComplete && doc.isRequired ? "**required**" : "");
      this.#lines.push(`| ${name} | ${cell(doc.type)} | ${cell(preset)} | ${cell(doc.text)} |`);
      if (path !== "") this.#told.set(schema, path);
    }
    this.#lines.push("");
    for (const { inner, title } of sections) this.#section(title, inner.schema);
  }

  #section(title: string, schema: z.ZodObject): void {
    this.#lines.push(`### \`${title}\`\n`);
    const entries = Object.entries(schema.shape as Shape);
    const shared = entries.filter(([, each]) => this.#told.has(each));
    if (shared.length > 0) {
      const whose = this.#told.get(shared[0]![1])!;
      const names = shared.map(([key]) => `\`${key}\``).join(", ");
      const others = shared.length < entries.length;
      this.#lines.push(`As in [\`${whose}\`](#${anchor(whose)}): ${names}.${others ? " Beside them:" : ""}\n`);
      if (!others) return;
    }
    this.#table(title, Object.fromEntries(entries.filter(([, each]) => !this.#told.has(each))));
  }

  /** The section that has all keys of a mapping already. */
  #sectionOf({ shape }: z.ZodObject): string | undefined {
    const homes = new Set(Object.values(shape as Shape).map((each) => this.#told.get(each)));
    const [home] = homes;
    return homes.size === 1 ? home : undefined;
  }
}

/** As GitHub makes anchors of headings. */
const anchor = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

/** Text that ends no cell and starts no HTML. */
export const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "\\<").replaceAll(/\s+/g, " ");
