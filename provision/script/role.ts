import { z } from "zod";
import { anyText, environmentName } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole, secret } from "../role";

const code = () =>
  text("a shell script without NUL", (value) => value.trim() !== "" && !/\0|\p{Surrogate}/u.test(value));

/**
 * Names that mean something to a shell, or to what starts the scripts: a value of the inventory must not change how they run, and
 * a shell may give such a name another value. From the list "Shell Variables" of bash(1), version 5.2, which has those of dash
 * and BusyBox's ash in it, too.
 */
const RESERVED = new Set(
  `CDPATH CHILD_MAX COLUMNS COPROC DEBIAN_FRONTEND DIRSTACK EMACS ENV EPOCHREALTIME EPOCHSECONDS EUID EXECIGNORE FCEDIT FIGNORE
  FUNCNAME FUNCNEST GLOBIGNORE GROUPS HOME HOSTFILE HOSTNAME HOSTTYPE IFS IGNOREEOF INPUTRC INSIDE_EMACS LANG LANGUAGE LINENO
  LINES MACHTYPE MAIL MAILCHECK MAILPATH MAPFILE OLDPWD OPTARG OPTERR OPTIND OSTYPE PATH PIPESTATUS POSIXLY_CORRECT PPID
  PROMPT_COMMAND PROMPT_DIRTRIM PWD RANDOM REPLY SECONDS SHELL SHELLOPTS SHLVL SRANDOM TIMEFORMAT TMOUT TMPDIR UID _
  auto_resume histchars`.split(/\s+/),
);
/** Families of such names; the last are those of this role's settings, out of which values are read. */
const RESERVED_FAMILY = /^(BASH|COMP(_|REPLY$)|COPROC_|HIST|LC_|LD_|PS\d|READLINE_|script_snippets_)/;

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
        environmentName().refine((name) => !RESERVED.has(name) && !RESERVED_FAMILY.test(name), {
          params: { expected: "a name that means nothing to a shell", fix: "write another name, such as APP_NAME" },
        }),
        z.union([anyText(), secret()]),
      )
      .transform((given) => Object.entries(given).map(([name, each]) => ({ name, value: each })))
      .optional()
      .describe(
        "Variables of the scripts, by name; secrets, too. They are not exported to the programs it starts. Names that a shell has for itself, such as PATH or SECONDS, are refused.",
      ),
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
