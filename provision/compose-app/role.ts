import { join } from "node:path";
import { z } from "zod";
import { anyText } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole, secret } from "../role";
import { appNames, readApp } from "./app-folder";
import { composeFlaws } from "./compose-check";
import { composeText, secretPaths } from "./compose-text";
import { filePath, filesAsFolders } from "./file-paths";

const APPS = join(__dirname, "..", "apps");

/**
 * Compose projects of other roles, which bear their role's name. Of two projects with one name each would take the other's
 * containers for leftovers of its own, and remove them.
 */
const TAKEN: readonly string[] = ["service-agents"];

const projectName = () =>
  text(
    `a project's name (small letters, digits, _ and -) other than ${TAKEN.join(", ")}`,
    new RegExp(`^(?!(${TAKEN.join("|")})$)[a-z0-9][a-z0-9_-]{0,62}$`),
    (value) =>
      TAKEN.includes(value)
        ? { fix: `rename the app: the role ${value} runs a project of that name on its hosts` }
        : value.toLowerCase(),
  );

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

const files = z
  .record(
    filePath(),
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
      .describe(
        "The name of a folder under provision/apps/, which holds compose.yaml and whatever goes beside it, but no .env.",
      ),
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
      .describe("Seconds in which every service has to run, stay up and be healthy. Default: 120."),
  })
  .meta({ id: "compose_app", description: "A compose project." })
  .transform((given, context) => {
    const folder = folderOf(given.app, given.compose !== undefined, context);
    if (!folder) return z.NEVER;
    const own = given.files ?? [];
    const theirs = Object.entries(folder.files)
      .filter(([name]) => !own.some((file) => file.path === name))
      .map(([name, text]) => ({ path: name, mode: "644", content: text, secret: false }));
    const paths = [...theirs, ...own].map((each) => each.path);
    for (const { file, inside } of filesAsFolders(paths)) {
      context.addIssue({
        code: "custom",
        path: own.some((each) => each.path === inside) ? ["files", inside] : ["files", file],
        message: `"${file}" cannot be a file, for "${inside}" makes it a folder`,
        params: { fix: "rename one of the two" },
      });
    }
    const compose = given.compose ?? folder.compose;
    const from = given.app === undefined ? undefined : `provision/apps/${given.app}/compose.yaml`;
    for (const { fix, message } of composeFlaws(compose, from, paths)) {
      const path = [from === undefined ? "compose" : "app"];
      context.addIssue({ code: "custom", path, message, params: { fix } });
    }
    return {
      compose,
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
  const { unfit, ...folder } = readApp(APPS, name);
  for (const { fix, message } of unfit) context.addIssue({ code: "custom", path: ["app"], message, params: { fix } });
  return unfit.length > 0 ? undefined : folder;
}

export default defineRole({
  summary: "Compose projects from the inventory or from provision/apps/, up and healthy.",
  group: "compose_hosts",
  targets: ["container", "vm"],
  osTypes: ["debian", "ubuntu"],
  after: ["base", "docker"],
  variables: z.object({
    compose_apps: z
      .record(projectName(), app)
      .transform((apps) => Object.entries(apps).map(([name, project]) => ({ name, ...project })))
      .optional()
      .describe(
        "The host's compose projects by name. One that is taken off is stopped and removed; its volumes and data stay.",
      ),
  }),
});
