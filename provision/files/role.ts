import { z } from "zod";
import { anyText, fileMode, folderMode, userName } from "../../model/schema/formats";
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

const rights = (byDefault: string) => ({
  owner: userName().optional().describe(`User it belongs to. Default: ${byDefault}.`),
  group: userName().optional().describe(`Group it belongs to. Default: ${byDefault}.`),
});
const KEPT = "of a folder that was there before, as it is";

const file = z
  .strictObject({
    path: path().describe("Where it is."),
    content: z
      .union([anyText(), secret(), z.array(piece)])
      .optional()
      .describe("The whole content, byte for byte; or a list of pieces, some of which may be secrets."),
    lines: z.array(piece).optional().describe("Instead of content: lines, each of which gets its end."),
    ...rights("root"),
    mode: fileMode().optional().describe('Such as "0644". Default: "0644", "0600" where a secret is in it.'),
    reload: service()
      .optional()
      .describe("Service that is reloaded when the file has changed, if it runs; started, if it has failed."),
    restart: service()
      .optional()
      .describe("Service that is restarted when the file has changed, if it runs; started, if it has failed."),
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
    ...rights(`root; ${KEPT}`),
    mode: folderMode().optional().describe(`Such as "0755" or "1777". Default: "0755"; ${KEPT}.`),
  })
  .meta({ description: "A folder in the guest." });

const LISTS = ["files_folders", "files_present", "files_absent"] as const;
type List = (typeof LISTS)[number];
interface Entry {
  readonly path: string;
  readonly list: List;
  readonly where: (string | number)[];
}

/** What of the other entries keeps a path from being there: one that is on its way, and is to be no folder. */
function noFolderAbove(path: string, lists: ReadonlyMap<string, List>) {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const above = path.slice(0, end);
    const list = lists.get(above);
    if (list === "files_present") {
      const fix = `move one of the two, or list ${above} in files_folders`;
      return { message: `${path} cannot be there: ${above} is a file of files_present`, params: { fix } };
    }
    if (list === "files_absent") {
      return {
        message: `${path} cannot be there: ${above} is in files_absent`,
        params: { fix: `take ${above} off files_absent` },
      };
    }
  }
  return undefined;
}

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
      const seen = new Map<string, List>();
      const at: Entry[] = [];
      for (const list of LISTS) {
        for (const [index, entry] of (value[list] ?? []).entries()) {
          const path = typeof entry === "string" ? entry : entry.path;
          const where = typeof entry === "string" ? [list, index] : [list, index, "path"];
          const other = seen.get(path);
          if (other) {
            const message = `${path} is in ${other} already`;
            context.addIssue({ code: "custom", path: where, message, params: { fix: "keep one of the two" } });
          }
          seen.set(path, list);
          at.push({ path, list, where });
        }
      }
      for (const { path, list, where } of at) {
        const above = list === "files_absent" ? undefined : noFolderAbove(path, seen);
        if (above) context.addIssue({ code: "custom", path: where, ...above });
      }
    }),
});
