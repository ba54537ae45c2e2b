import { z } from "zod";
import { anyText, fileMode, userName } from "../../model/schema/formats";
import { text } from "../../model/schema/scalar";
import { defineRole, secret } from "../role";

/** 240 bytes of a name leave room for what a file is called while it is written. */
const isPath = (value: string) =>
  /^(\/[^/\p{Cc}\p{Surrogate}]+)+$/u.test(value) &&
  value.length < 4000 &&
  value.split("/").every((part) => part !== "." && part !== ".." && Buffer.byteLength(part) <= 240) &&
  !/^\/(proc|sys|dev)\//.test(`${value}/`);

const path = () =>
  text(
    "an absolute path of a file, without . and .. parts, doubled slashes and control characters, not under /proc, /sys, /dev",
    isPath,
    (value) => `/${value.replace(/^\/+|\/+$/g, "")}`,
  );
const piece = z.union([anyText(), secret()]);
const service = () => text("a service's name", /^[A-Za-z0-9][A-Za-z0-9:_.@-]*$/);

const rights = {
  owner: userName().optional().describe("User it belongs to. Default: root."),
  group: userName().optional().describe("Group it belongs to. Default: root."),
};

const file = z
  .strictObject({
    path: path().describe("Where it is."),
    content: z
      .union([anyText(), secret(), z.array(piece)])
      .optional()
      .describe("The whole content, byte for byte; or a list of pieces, some of which may be secrets."),
    lines: z.array(piece).optional().describe("Instead of content: lines, each of which gets its end."),
    ...rights,
    mode: fileMode().optional().describe('Such as "0644". Default: "0644", "0600" where a secret is in it.'),
    reload: service().optional().describe("Service that is reloaded when the file has changed."),
    restart: service().optional().describe("Service that is restarted when the file has changed."),
  })
  .superRefine((value, context) => {
    if ((value.content === undefined) !== (value.lines === undefined)) return;
    const message = value.lines ? "both content and lines are set" : "neither content nor lines are set";
    context.addIssue({ code: "custom", message, params: { fix: "write one of content and lines" } });
  })
  .transform((value) => {
    const parts = value.lines ?? (Array.isArray(value.content) ? value.content : [value.content]);
    return { ...value, mode: value.mode ?? (parts.some((part) => typeof part === "object") ? "0600" : "0644") };
  })
  .meta({ description: "A file in the guest." });

const folder = z
  .strictObject({
    path: path().describe("Where it is."),
    ...rights,
    mode: fileMode().optional().describe('Such as "0755", the default.'),
  })
  .meta({ description: "A folder in the guest." });

export default defineRole({
  summary: "Files and folders that the inventory states.",
  group: "all",
  when: "set",
  after: ["base", "packages"],
  osTypes: ["debian", "ubuntu", "alpine"],
  variables: z
    .object({
      files_present: z
        .array(file)
        .optional()
        .describe("Files with their content. One that leaves the list is removed if this role made it."),
      files_folders: z
        .array(folder)
        .optional()
        .describe("Folders. One that leaves the list is removed if this role made it and it is empty."),
      files_absent: z.array(path()).optional().describe("Files, links and empty folders that must not be there."),
    })
    .superRefine((value, context) => {
      const seen = new Map<string, string>();
      for (const list of ["files_folders", "files_present", "files_absent"] as const) {
        for (const [index, entry] of (value[list] ?? []).entries()) {
          const at = typeof entry === "string" ? entry : entry.path;
          const other = seen.get(at);
          if (other) {
            const where = typeof entry === "string" ? [list, index] : [list, index, "path"];
            const message = `${at} is in ${other} already`;
            context.addIssue({ code: "custom", path: where, message, params: { fix: "keep one of the two" } });
          }
          seen.set(at, list);
        }
      }
    }),
});
