import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { exportSchemas } from "../../../model/schema/export";
import { LABS } from "../../support/shipped";

const PROJECT = join(__dirname, "../../..");

describe("the exported JSON Schemas", () => {
  interface Json {
    readonly [key: string]: Json;
  }
  const exported = new Map(exportSchemas().map(({ file, schema }) => [file, schema as unknown as Json]));
  const vars = exported.get("schemas/inventory/vars.schema.json")!;

  it("are the files in the repository", () => {
    for (const [file, schema] of exported) {
      expect(JSON.parse(readFileSync(join(PROJECT, file), "utf8"))).toEqual(JSON.parse(JSON.stringify(schema)));
    }
  });

  it("are named by a modeline in every file of the labs that come along, by a path that exists", () => {
    const yamlFiles = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? yamlFiles(path) : /\.ya?ml$/.test(entry.name) ? [path] : [];
      });
    for (const file of LABS.flatMap((lab) => yamlFiles(join(PROJECT, "inventory", lab)))) {
      const schema = /^# yaml-language-server: \$schema=(\S+)/.exec(readFileSync(file, "utf8"))?.[1];
      expect(statSync(join(file, "..", schema ?? "missing")).isFile()).toBe(true);
    }
  });

  it("describe every variable and every key", () => {
    const undescribed: string[] = [];
    const visit = (schema: Json, path: string) => {
      const shape = (schema.anyOf as unknown as Json[] | undefined)?.[0] ?? schema;
      for (const [key, inner] of Object.entries(shape.properties ?? {})) {
        if (typeof inner.description !== "string") undescribed.push(`${path}.${key}`);
        visit(inner, `${path}.${key}`);
      }
      if (shape.items) visit(shape.items, `${path}[]`);
    };
    visit(vars, "");
    expect(undescribed).toEqual([]);
  });

  it("let a template stand in for numbers, flags and lists, but not for other text", () => {
    const lxc = vars.properties!.proxmox_lxc!.anyOf![0]!.properties!;
    for (const key of ["memory", "started", "tags", "hostname", "vmid"]) {
      expect(lxc[key]!.anyOf).toContainEqual({ type: "string", pattern: "\\{\\{.*\\}\\}" });
    }
    expect(lxc.memory!.anyOf![0]).toMatchObject({ type: ["integer", "string"], minimum: 16 });
  });

  it("refuse unknown names with our prefixes only", () => {
    const [known, other] = vars.propertyNames!.anyOf as unknown as [{ enum: string[] }, { not: { pattern: string } }];
    const passes = (name: string) => known.enum.includes(name) || !new RegExp(other.not.pattern).test(name);
    expect(["proxmox_lxc", "lxc_cores", "my_colour", "ansible_host"].filter((name) => !passes(name))).toEqual([]);
    expect(["proxmox_lcx", "lxc_core", "terraform_backends"].filter(passes)).toEqual([]);
  });

  it("offer groups that mean something, in any depth, and take every other name", () => {
    const file = exported.get("schemas/inventory/hosts.schema.json")!;
    const children = file.definitions!.group!.properties!.children!;
    for (const place of [file, children]) {
      const names = Object.keys(place.properties!);
      expect(names).toEqual(expect.arrayContaining(["proxmox_nodes", "resource_tiers", "docker_hosts", "dns_hosts"]));
      expect(place.additionalProperties).toMatchObject({ anyOf: [{ $ref: "#/definitions/group" }, { type: "null" }] });
      expect(place.properties!.dns_hosts).toMatchObject({ description: expect.stringContaining("BIND") });
    }
  });
});
