import { type Reference as Place, parseTemplate, TemplateError } from "../expression";
import type { EffectiveVar, Inventory } from "../inventory";
import { effectiveVars } from "../merge";
import type { Problem } from "../problem";
import { isPlain } from "../traits";
import type { Reference, ScalarTree, Tree } from "../tree";
import { sealedPart, sealedSecret, withSecretNames } from "../vault/names";
import { Evaluation } from "./evaluate";
import { fact, isFact } from "./facts";
import { isLookup } from "./lookup";
import { unknownHost, unknownName } from "./missing";
import { str } from "./python";
import { isSameLink, references } from "./references";
import { before, mapParts, pathIn, placeIn, samePlace, sizeOf } from "./trees";
import { Failure, type Lookups, type Maker, type Missing, maker, type Value } from "./value";

/** How long a chain of references may be: an honest one has a handful, and each link costs stack. */
const MAX_CHAIN = 200;
/** What references may multiply a value to, in scalars and in characters: beyond it the inventory is a bomb. */
const MAX_SIZE = 100_000;
const MAX_TEXT = 1_000_000;

const RULE = "template";

/** What all hosts of one inventory share while they are rendered. */
export class Renderer {
  private readonly scopes = new Map<string, Scope>();
  /** The templates and collections being rendered, outermost first. */
  readonly stack: { readonly scope: Scope; readonly tree: Tree; readonly site?: ScalarTree }[] = [];

  constructor(readonly inventory: Inventory) {}

  scope(host: string): Scope {
    let scope = this.scopes.get(host);
    if (!scope) {
      scope = new Scope(this, host);
      this.scopes.set(host, scope);
    }
    return scope;
  }
}

/** The variables of one host, rendered as they are asked for. */
export class Scope {
  private readonly vars: ReadonlyMap<string, EffectiveVar>;
  private readonly heads = new Map<ScalarTree, Value | Failure>();
  private readonly whole = new Map<Tree, Tree>();

  constructor(
    private readonly renderer: Renderer,
    readonly host: string,
  ) {
    this.vars = effectiveVars(renderer.inventory, host);
  }

  variable(name: string, make: () => Maker): Value {
    if (name === "hostvars") return { kind: "hostvars" };
    const { inventory } = this.renderer;
    const known = fact(inventory, this.host, name);
    if (known) return { kind: "known", tree: known, via: [], fact: true };
    const variable = this.vars.get(name);
    if (variable) return { kind: "known", tree: withSecretNames(variable.winner), scope: this, via: [] };
    const { at } = make().scalar(null);
    const problem = () => unknownName(name, this.host, this.vars.keys(), inventory, at);
    return { kind: "missing", problem, sealed: sealedSecret(inventory, this.host, [name], at, () => problem().fix) };
  }

  /** A part of something missing. */
  partOf(whole: Missing, key: string): Missing {
    return { ...whole, sealed: whole.sealed && sealedPart(this.renderer.inventory, whole.sealed, key) };
  }

  other(host: string, make: () => Maker): Value {
    const { hosts } = this.renderer.inventory;
    if (hosts.has(host)) return { kind: "host", scope: this.renderer.scope(host) };
    const { at } = make().scalar(null);
    return { kind: "missing", problem: () => unknownHost(host, this.host, hosts.keys(), at) };
  }

  /** A tree with everything in it rendered; a template that cannot be is marked and its problem reported. */
  loose(tree: Tree, report: (problem: Problem) => void): Tree {
    if (isPlain(tree)) return tree;
    if (tree.kind === "scalar") {
      try {
        return this.strict(tree);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        report(error.problem);
        return { ...tree, broken: true };
      }
    }
    return mapParts(tree, (part) => this.loose(part, report));
  }

  /** A tree with everything in it rendered; throws the first Failure. */
  strict(tree: Tree): Tree {
    if (isPlain(tree)) return tree;
    const known = this.whole.get(tree);
    if (known) return known;
    const rendered = this.referred(tree) ?? this.guarded(tree, undefined, () => this.completed(tree));
    this.check(rendered, tree);
    this.whole.set(tree, rendered);
    return rendered;
  }

  /** What a template that is nothing but a name stands for, where that is no template itself, as most often. */
  private referred(tree: Tree): Tree | undefined {
    const template = tree.kind === "scalar" ? parseTemplate(String(tree.value)) : undefined;
    if (tree.kind !== "scalar" || !template || template instanceof TemplateError || !template.lone) return undefined;
    const [part] = template.parts;
    if (typeof part !== "object" || part.expression.kind !== "name") return undefined;
    const { name } = part.expression;
    const variable = isFact(name) ? undefined : this.vars.get(name);
    const value = variable && withSecretNames(variable.winner);
    if (!value || !isPlain(value)) return undefined;
    const link = { expression: part.source, at: placeIn(tree, part.offset), from: value.at };
    return { ...value, at: tree.at, via: [link] };
  }

  private completed(tree: Tree): Tree {
    if (tree.kind !== "scalar") return mapParts(tree, (part) => this.strict(part));
    const head = this.head(tree);
    if (head.kind !== "known") return new Evaluation(this, this.site(tree)).known(head, 0);
    const value = head.scope ? head.scope.strict(head.tree) : head.tree;
    const via = head.scope && value.via ? [...head.via, ...value.via] : head.via;
    return { ...value, at: tree.at, ...(via.length > 0 ? { via } : {}) };
  }

  /** The value of a template, with nothing inside it rendered yet. */
  head(tree: ScalarTree): Value {
    if (isPlain(tree)) return { kind: "known", tree, via: [] };
    const known = this.heads.get(tree);
    if (known instanceof Failure) throw known;
    if (known) return known;
    try {
      const value = this.guarded(tree, tree, () => this.evaluate(tree));
      this.heads.set(tree, value);
      return value;
    } catch (error) {
      if (error instanceof Failure) this.heads.set(tree, error);
      throw error;
    }
  }

  private evaluate(tree: ScalarTree): Value {
    const template = parseTemplate(String(tree.value));
    if (template instanceof TemplateError) return this.fail(tree, template.offset, template.message, template.fix);
    const [first] = template.parts;
    if (template.lone && typeof first === "object") return this.lone(tree, first);
    const via: Reference[] = [];
    let text = "";
    for (const part of template.parts) {
      text += typeof part === "string" ? part : this.text(tree, part, via);
      if (text.length > MAX_TEXT)
        this.fail(tree, 0, `the references multiply this text to more than ${MAX_TEXT} characters`);
    }
    return {
      kind: "known",
      tree: { kind: "scalar", at: tree.at, value: text, ...(via.length > 0 ? { via } : {}) },
      via,
      fact: true,
    };
  }

  private lone(tree: ScalarTree, { expression, source, offset }: Place): Value {
    const lookups: Lookups = { consulted: [], defaults: [] };
    const value = new Evaluation(this, this.site(tree, lookups)).evaluate(expression);
    if (value.kind !== "known") return value;
    const link = { expression: source, at: placeIn(tree, offset) };
    const via = references(isLookup(expression) ? link : { ...link, computed: true }, value, lookups);
    return { kind: "known", tree: value.tree, scope: value.scope, via };
  }

  private text(tree: ScalarTree, { expression, source, offset }: Place, via: Reference[]): string {
    const lookups: Lookups = { consulted: [], defaults: [] };
    const evaluation = new Evaluation(this, this.site(tree, lookups));
    const result = evaluation.evaluate(expression);
    const value = evaluation.known(result, offset);
    const way = references(
      { expression: source, at: placeIn(tree, offset), computed: true },
      { kind: "known", tree: value, via: [], fact: true },
      lookups,
    );
    for (const link of way) if (!via.some((known) => isSameLink(known, link))) via.push(link);
    if (value.kind === "mapping" && value.entries.size === 1 && value.entries.has("secret")) {
      this.fail(
        tree,
        offset,
        "found a secret inside a longer text; a secret's value is not known here",
        "make the whole text the secret, and refer to it alone",
      );
    }
    if (value.kind === "scalar" && value.tag === "vault") {
      this.fail(
        tree,
        offset,
        "found vault text inside a longer text; it stays encrypted here",
        "encrypt the whole text, and refer to it alone",
      );
    }
    return value.kind === "scalar" && value.value === null ? "" : str(value);
  }

  /** The references behind a value, if it has been rendered. */
  viaOf(tree: Tree): readonly Reference[] {
    return this.whole.get(tree)?.via ?? [];
  }

  private site(tree: ScalarTree, lookups: Lookups = { consulted: [], defaults: [] }) {
    const fail = (offset: number, message: string, fix?: string) => this.fail(tree, offset, message, fix);
    const make = (offset: number) => maker(placeIn(tree, offset), (message, fix) => fail(offset, message, fix));
    return { ...lookups, fail, make };
  }

  private fail(tree: ScalarTree, offset: number, message: string, fix?: string): never {
    const path = this.pathOf(tree);
    throw new Failure({
      rule: RULE,
      severity: "error",
      at: placeIn(tree, offset),
      ...(path ? { path } : {}),
      subject: this.host,
      message,
      ...(fix ? { fix } : {}),
    });
  }

  private check(rendered: Tree, tree: Tree): void {
    if (sizeOf(rendered) <= MAX_SIZE) return;
    throw new Failure({
      rule: RULE,
      severity: "error",
      at: tree.at,
      message: `the references multiply this value to more than ${MAX_SIZE} parts`,
      fix: "refer to less: an inventory never needs that many",
    });
  }

  /** Runs one step of rendering; a step that needs itself is a cycle. */
  private guarded<T>(tree: Tree, site: ScalarTree | undefined, step: () => T): T {
    const { stack } = this.renderer;
    const first = stack.findIndex((each) => each.scope === this && each.tree === tree && each.site === site);
    if (first >= 0) throw new Failure(this.cycle(first));
    if (stack.length > 2 * MAX_CHAIN) {
      throw new Failure({
        rule: RULE,
        severity: "error",
        at: tree.at,
        message: `this reference leads through more than ${MAX_CHAIN} others`,
        fix: "shorten the chain",
      });
    }
    stack.push(site ? { scope: this, tree, site } : { scope: this, tree });
    try {
      return step();
    } finally {
      stack.pop();
    }
  }

  /** Told alike by every variable in it: from the first place on, in the order of file and line. */
  private cycle(first: number): Problem {
    const links = this.renderer.stack
      .slice(first)
      .flatMap(({ scope, site, tree }) => {
        const link = site ?? (tree.kind === "scalar" ? tree : undefined);
        return link ? [{ at: link.at, name: scope.pathOf(link) ?? String(link.value), text: String(link.value) }] : [];
      })
      .filter((link, index, all) => all.findIndex(({ at }) => samePlace(at, link.at)) === index);
    const start = links.reduce((least, link, index) => (before(link.at, links[least]!.at) ? index : least), 0);
    const round = [...links.slice(start), ...links.slice(0, start)];
    const [head, ...rest] = round as [(typeof round)[number], ...typeof round];
    return {
      rule: "reference-cycle",
      severity: "error",
      at: head.at,
      path: head.name,
      subject: this.host,
      message: `refers to itself: ${[...round, head].map(({ name }) => name).join(" → ")}`,
      fix: "give one of them a value of its own",
      also: rest.map(({ at, name, text }) => ({ at, note: `${name} is "${text}"` })),
    };
  }

  /** The dotted name of a template among the host's variables. */
  private pathOf(tree: Tree): string | undefined {
    for (const [name, { winner }] of this.vars) {
      const found = pathIn(winner.tree, tree);
      if (found) return [name, ...found].join(".");
    }
    return undefined;
  }
}
