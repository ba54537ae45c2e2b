import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exportSchemas } from "../model";
import { EXIT, type ExitCode, type Io } from "./output";

/** Prints the inventory's JSON Schemas, or writes them to where the modelines of the inventories look for them. */
export function schema({ write = false }: { readonly write?: boolean }, io: Io): ExitCode {
  const schemas = exportSchemas();
  if (!write) {
    io.out(JSON.stringify(Object.fromEntries(schemas.map((each) => [each.file, each.schema])), null, 2));
    return EXIT.ok;
  }
  for (const { file, schema: content } of schemas) {
    const path = join(io.cwd, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
    io.out(`wrote ${file}`);
  }
  return EXIT.ok;
}
