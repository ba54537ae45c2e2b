import { join } from "node:path";
import { z } from "zod";
import { defineRole, secret } from "../role";
import { appNames, readApp } from "./app-folder";
import { composeText, secretPaths } from "./compose-text";

const APPS = join(__dirname, "..", "apps");

/** Compose would take these from its own environment. */
const NOT_OURS = ["PATH", "HOME"];
const RESERVED = ["compose.yaml", ".env", ".applied", ".managed"];

const scalar = z.union([z.string(), z.number(), z.bigint(), z.boolean()]).transform(String);
const content = z.union([z.string(), secret()]);

const environment = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .refine((name) => !NOT_OURS.includes(name), { params: { expected: "another name than PATH or HOME" } }),
    z.union([scalar, secret()]),
  )
  .transform((given) =>
    Object.entries(given).map(([name, value]) => ({ name, value, secret: typeof value !== "string" })),
  );

const path = z
  .string()
  .regex(/^(?!\/)(?!.*(^|\/)\.{1,2}(\/|$))[A-Za-z0-9._@+/-]+$/)
  .regex(/[^/]$/)
  .refine((name) => !RESERVED.includes(name) && !name.startsWith("-") && !name.includes("//"), {
    params: { expected: `a path inside the app's folder, other than ${RESERVED.join(", ")}` },
  });

const files = z
  .record(
    path,
    z.union([
      content,
      z.strictObject({
        content,
        mode: z
          .string()
          .regex(/^[0-7]{3}$/)
          .optional(),
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

const inline = z.looseObject({ services: z.record(z.string(), z.unknown()) }).superRefine((project, context) => {
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
    app: z
      .string()
      .optional()
      .describe("The name of a folder under provision/apps/, which holds compose.yaml and whatever goes beside it."),
    compose: z
      .union([z.string().min(1), inline.transform(composeText)])
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
      .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/), app)
      .transform((apps) => Object.entries(apps).map(([name, project]) => ({ name, ...project })))
      .optional()
      .describe(
        "The host's compose projects by name. One that is taken off is stopped and removed; its volumes and data stay.",
      ),
  }),
});
