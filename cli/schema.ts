import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exportSchemas } from "../model";
import { EXIT, type ExitCode, type Io } from "./output";
import { REFERENCE, referencePage } from "./reference";
import { rolePages } from "./role-pages";

/**
 * Prints the inventory's JSON Schemas, or writes them to where the modelines of the inventories look for them,
 * and beside them the pages of the documentation that say the same in words.
 */
export function schema({ write = false }: { readonly write?: boolean }, io: Io): ExitCode {
  const schemas = exportSchemas();
  if (!write) {
    io.out(JSON.stringify(Object.fromEntries(schemas.map((each) => [each.file, each.schema])), null, 2));
    return EXIT.ok;
  }
  const texts = schemas.map(({ file, schema: content }) => [file, `${JSON.stringify(content, null, 2)}\n`] as const);
  for (const [file, text] of [...texts, [REFERENCE, referencePage()] as const, ...rolePages()]) {
    const path = join(io.cwd, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    io.out(`wrote ${file}`);
  }
  return EXIT.ok;
}
