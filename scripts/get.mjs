// Rebuilds .gen, the TypeScript bindings of the provider.
// Without options it reads the pinned schema in schemas/provider: no registry, no Terraform.
// With --live it asks Terraform for the schema, with descriptions, and refreshes the pinned copy.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const cache = join(root, "schemas", "provider");
if (process.argv.includes("--live")) {
  mkdirSync(cache, { recursive: true });
  for (const file of readdirSync(cache)) if (file.endsWith(".json")) rmSync(join(cache, file));
}
const { status } = spawnSync("npx", ["--no-install", "cdktf", "get", "--force"], {
  cwd: root,
  stdio: ["ignore", "pipe", "inherit"],
  env: {
    ...process.env,
    CDKTF_EXPERIMENTAL_PROVIDER_SCHEMA_CACHE_PATH: cache,
    CHECKPOINT_DISABLE: "1",
    CI: "1",
  },
});
process.exit(status ?? 1);
