import { z } from "zod";
import { anyText, environmentName } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole, secret } from "../role";

const code = () =>
  text("a shell script without NUL", (value) => value.trim() !== "" && !/\0|\p{Surrogate}/u.test(value));

/** Names that mean something to a shell: a value of the inventory must not change how the script runs. */
const RESERVED =
  /^(PATH|IFS|ENV|HOME|PWD|OLDPWD|PS[0-9]|OPT(IND|ARG|ERR)|LC_.*|LANG|LD_.*|BASH.*|SHELLOPTS|PPID|U?ID|EUID|_)$/;

const snippet = z
  .strictObject({
    name: text("a name of letters, digits, - and _", /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/).describe(
      "What it is called in the output.",
    ),
    apply: code().describe("Shell script that is run as root, with `set -eu`, where it is not done yet."),
    creates: text("an absolute path without control characters", /^\/[^\p{Cc}]+$/u)
      .optional()
      .describe("It is done when this path is there."),
    unless: code().optional().describe("It is done when this script ends with status 0. It must change nothing."),
    check: code()
      .optional()
      .describe(
        "It is done when, beside creates and unless, this script ends with status 0; run again after `apply`. It must change nothing.",
      ),
    shell: z.enum(["sh", "bash"]).optional().describe("What runs the scripts. Default: sh."),
    values: z
      .record(
        environmentName().refine((name) => !RESERVED.test(name), {
          params: { expected: "a name that means nothing to the shell" },
        }),
        z.union([anyText(), secret()]),
      )
      .transform((given) => Object.entries(given).map(([name, each]) => ({ name, value: each })))
      .optional()
      .describe("Variables of the scripts, by name; secrets, too. They are not exported to the programs it starts."),
  })
  .superRefine((given, context) => {
    if (given.creates !== undefined || given.unless !== undefined || given.check !== undefined) return;
    const message = `nothing says when ${given.name} is done, so it would run every time`;
    context.addIssue({ code: "custom", message, params: { fix: "add creates:, unless: or check:" } });
  })
  .meta({ description: "A script of your own, and what says that it is done." });

export default defineRole({
  summary: "Scripts of the operator's own, each with a guard that says whether it is done.",
  group: "all",
  when: "set",
  after: ["base", "packages", "files", "docker"],
  osTypes: ["debian", "ubuntu", "alpine"],
  variables: z.object({
    script_snippets: z
      .array(snippet)
      .superRefine((list, context) => {
        list.forEach(({ name }, index) => {
          if (!list.slice(0, index).some((other) => other.name === name)) return;
          const message = `two scripts are called ${name}`;
          context.addIssue({ code: "custom", path: [index, "name"], message, params: { fix: "rename one" } });
        });
      })
      .optional()
      .describe(
        "Scripts, in the order in which they are run. One that leaves the list is forgotten; nothing is undone.",
      ),
  }),
});
