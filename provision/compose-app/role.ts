import { join } from "node:path";
import { z } from "zod";
import { anyText } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole, secret } from "../role";
import { appNames, readApp } from "./app-folder";
import { composeText, secretPaths } from "./compose-text";

const APPS = join(__dirname, "..", "apps");

const RESERVED = ["compose.yaml", ".env", ".applied", ".managed"];

const scalar = z.union([anyText(), z.number(), z.bigint(), z.boolean()]).transform(String);
const content = z.union([anyText(), secret()]);

/** Compose would take PATH and HOME from its own environment. */
const environment = z
  .record(
    text("a variable's name (letters, digits, _) other than PATH and HOME", /^(?!(PATH|HOME)$)[A-Za-z_][A-Za-z0-9_]*$/),
    z.union([scalar, secret()]),
  )
  .transform((given) =>
    Object.entries(given).map(([name, value]) => ({ name, value, secret: typeof value !== "string" })),
  );

const path = text(
  `a path inside the app's folder of letters, digits, . _ @ + -, other than ${RESERVED.join(", ")}`,
  (name) =>
    /^(?![/-])(?!.*(^|\/)\.{1,2}(\/|$))(?!.*\/\/)[A-Za-z0-9._@+/-]*[A-Za-z0-9._@+-]$/.test(name) &&
    !RESERVED.includes(name),
);

const files = z
  .record(
    path,
    z.union([
      content,
      z.strictObject({
        content: content.describe("What is in the file."),
        mode: text('a file mode of three octal digits such as "640"', /^[0-7]{3}$/, (value) => value.replace(/^0/, ""))
          .optional()
          .describe('Such as "640". Default: "644".'),
      }),
    ]),
  )
  .transform((given) =>
    Object.entries(given).map(([name, value]) => {
      const file = typeof value === "object" && "content" in value ? value : { content: value };
      const mode = "mode" in file && file.mode !== undefined ? file.mode : "644";
      return { path: name, mode, content: file.content, secret: typeof file.content !== "string" };
    }),
  );

const inline = z
  .looseObject({ services: z.record(anyText(), z.unknown()).describe("As Compose takes them; so are keys beside it.") })
  .superRefine((project, context) => {
    for (const where of secretPaths(project)) {
      context.addIssue({
        code: "custom",
        path: [...where],
        message: "a secret cannot be part of the compose file itself",
        params: { fix: "put it into env:, and write the variable's name as ${NAME} here" },
      });
    }
  });

const app = z
  .strictObject({
    app: anyText()
      .optional()
      .describe("The name of a folder under provision/apps/, which holds compose.yaml and whatever goes beside it."),
    compose: z
      .union([anyText().min(1), inline.transform(composeText)])
      .optional()
      .describe("The compose file itself, as text or as a mapping; ${NAME} in it stands for a variable of env."),
    env: environment
      .optional()
      .describe("Variables of the project's .env file; a value may be a secret. Services see those that they ask for."),
    files: files
      .optional()
      .describe(
        "Further files by their path beside the compose file: text, a secret, or {content, mode}. One that changes restarts the app.",
      ),
    timeout: z
      .int()
      .min(1)
      .max(3600)
      .optional()
      .describe("Seconds in which every service has to run and be healthy. Default: 120."),
  })
  .meta({ id: "compose_app", description: "A compose project." })
  .transform((given, context) => {
    const folder = folderOf(given.app, given.compose !== undefined, context);
    if (!folder) return z.NEVER;
    const own = given.files ?? [];
    const theirs = Object.entries(folder.files)
      .filter(([name]) => !own.some((file) => file.path === name))
      .map(([name, text]) => ({ path: name, mode: "644", content: text, secret: false }));
    return {
      compose: given.compose ?? folder.compose,
      env: given.env ?? [],
      files: [...theirs, ...own],
      timeout: given.timeout ?? 120,
    };
  });

type Context = z.core.$RefinementCtx;

function folderOf(name: string | undefined, inlined: boolean, context: Context) {
  if ((name === undefined) !== inlined) {
    context.addIssue({
      code: "custom",
      message:
        name === undefined ? "an app needs a compose file, and has none" : "an app has one compose file, not two",
      params: { fix: "write either app: with the name of a folder under provision/apps/, or compose:" },
    });
    return undefined;
  }
  if (name === undefined) return { compose: "", files: {} };
  const known = appNames(APPS);
  if (!known.includes(name)) {
    context.addIssue({
      code: "custom",
      path: ["app"],
      message: `no folder provision/apps/${name}/ with a compose.yaml`,
      params: { fix: known.length > 0 ? `there are: ${known.join(", ")}` : "create it, or use compose: instead" },
    });
    return undefined;
  }
  try {
    return readApp(APPS, name);
  } catch (error) {
    context.addIssue({
      code: "custom",
      path: ["app"],
      message: error instanceof Error ? error.message : String(error),
    });
    return undefined;
  }
}

export default defineRole({
  summary: "Compose projects from the inventory or from provision/apps/, up and healthy.",
  group: "compose_hosts",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu"],
  after: ["base", "docker"],
  variables: z.object({
    compose_apps: z
      .record(
        text("a project's name (small letters, digits, _ and -)", /^[a-z0-9][a-z0-9_-]{0,62}$/, (value) =>
          value.toLowerCase(),
        ),
        app,
      )
      .transform((apps) => Object.entries(apps).map(([name, project]) => ({ name, ...project })))
      .optional()
      .describe(
        "The host's compose projects by name. One that is taken off is stopped and removed; its volumes and data stay.",
      ),
  }),
});
