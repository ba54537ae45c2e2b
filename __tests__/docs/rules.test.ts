import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..");

/** What `rule:` is followed by, also where it depends: `rule: isOver ? "a" : "b"`. */
const RULE = /\brule: (?:[\w.]+ \? "([a-z-]+)" : )?"([a-z-]+)"/g;

it("every rule that a problem may name is documented", () => {
  const named = new Set<string>();
  for (const folder of ["model", "cli", "provision", "stacks"])
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts")) continue;
      const text = readFileSync(join(ROOT, folder, file), "utf8");
      for (const [, first, second] of text.matchAll(RULE))
        for (const rule of [first, second]) if (rule) named.add(rule);
    }
  expect(named.size).toBeGreaterThan(100);
  const docs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".md"),
  );
  const text = docs.map((file) => readFileSync(join(ROOT, "docs", file), "utf8")).join("\n");
  expect([...named].filter((rule) => !text.includes(`\`${rule}\``))).toEqual([]);
});
