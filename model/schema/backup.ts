import { z } from "zod";
import * as f from "./formats";
import { refuse } from "./refine";
import { type Advice, text } from "./scalar";

const DAY = "(mon|tue|wed|thu|fri|sat|sun)";
const DAYS = `${DAY}((\\.\\.|-|,)${DAY})*`;
const NUMBERS = "(\\*|\\d{1,2}(\\.\\.\\d{1,2})?)(/\\d{1,2})?";
const LIST = `${NUMBERS}(,${NUMBERS})*`;
const TIME = `${LIST}(:${LIST}){1,2}|\\*/\\d{1,2}`;
const DATE = "(\\d{4}|\\*)-(\\d{1,2}|\\*)-(\\d{1,2}|\\*)";
const EVENT = new RegExp(
  `^(minutely|hourly|daily|weekly|monthly|yearly|quarterly|semiannually|(${DAYS} +)?(${DATE} +)?(${TIME})|${DAYS}|${DATE})$`,
  "i",
);
const TIMES = /(\d{1,2}):(\d{2})/;

/** Calendar events as Proxmox VE reads them (its guide, appendix "Calendar Events"). */
function isEvent(value: string): boolean {
  if (value.length > 128 || !EVENT.test(value)) return false;
  const [, hour, minute] = TIMES.exec(value) ?? [];
  return hour === undefined || (Number(hour) < 24 && Number(minute) < 60);
}

/** What a line of crontab means as an event. */
function fromCron(value: string): Advice | undefined {
  const [, minute, hour] = /^(\d{1,2}) (\d{1,2}) \* \* \*$/.exec(value) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  return { fix: `write "${hour.padStart(2, "0")}:${minute.padStart(2, "0")}"` };
}

/** YAML 1.1 reads 02:30 without quotes as a number to the base of 60. */
const schedule = () => text('a calendar event such as "02:30" or "sat 18:15", in quotes', isEvent, fromCron);

const KEEP = ["last", "hourly", "daily", "weekly", "monthly", "yearly"] as const;
const count = (what: string) =>
  f
    .whole({ min: 1 })
    .optional()
    .meta({ description: `How many ${what} are kept of each guest.` });

const keep = z.union([
  f.oneOf(["all"]),
  z
    .strictObject({
      last: count("of the newest backups"),
      hourly: count("hourly backups"),
      daily: count("daily backups"),
      weekly: count("weekly backups"),
      monthly: count("monthly backups"),
      yearly: count("yearly backups"),
    })
    .superRefine((value, context) => {
      if (Object.values(value).some((each) => each !== undefined)) return;
      const message = `expected at least one of ${KEEP.join(", ")}, got none`;
      refuse(context, [], message, "write keep: all to keep every backup");
    }),
]);

const names = z.array(f.plainName()).min(1);

const job = z
  .strictObject({
    schedule: schedule().meta({ description: 'When it runs, as a calendar event in quotes: "02:30", "sat 18:15".' }),
    storage: f.storageName().meta({ description: "Storage with content backup." }),
    guests: z
      .union([f.oneOf(["all", "cluster"]), names])
      .optional()
      .meta({
        description:
          "all: those of this lab; cluster: also those that are not of this lab; or names of guests and groups. Default: all.",
      }),
    exclude: names.optional().meta({ description: "Guests and groups that are left out." }),
    pool: f.poolName().optional().meta({ description: "The members of this resource pool, instead of guests." }),
    keep: keep.meta({ description: "all, or how many backups of each kind are kept; others are deleted." }),
    mode: f.oneOf(["snapshot", "suspend", "stop"]).optional().meta({
      description: "snapshot: while the guest runs; suspend and stop interrupt it. Default: snapshot.",
    }),
    compress: f.oneOf(["zstd", "gzip", "lzo", "none"]).optional().meta({ description: "Default: zstd." }),
    notes: f.line().optional().meta({
      description: "Note on each backup; {guest}, {vmid}, {node} and {cluster} are filled in. Default: {guest}.",
    }),
    node: f.plainName().optional().meta({ description: "Only on this node. Default: on every one." }),
    mail_to: z.array(f.line()).min(1).optional().meta({ description: "Addresses that are told. Default: nobody." }),
    mail_when: f.oneOf(["always", "failure"]).optional().meta({ description: "Default: always." }),
    bandwidth: f.whole({ min: 0 }).optional().meta({ description: "Limit in KiB a second. Default: none." }),
    repeat_missed: f
      .flag()
      .optional()
      .meta({ description: "Run as soon as possible what was missed. Default: false." }),
    change_detection: f.oneOf(["legacy", "data", "metadata"]).optional().meta({
      description: "Containers to a backup server: how files that did not change are found. Default: legacy.",
    }),
    enabled: f.flag().optional().meta({ description: "Default: true." }),
  })
  .superRefine((value, context) => {
    if (value.pool !== undefined && value.guests !== undefined)
      refuse(context, ["pool"], "expected either guests or pool, got both", "delete one of them");
    if (value.exclude === undefined) return;
    if (value.pool !== undefined)
      refuse(context, ["exclude"], "a pool is backed up as a whole", "take the guest out of the pool");
    else if (value.guests === "cluster")
      refuse(context, ["exclude"], "the provider cannot leave guests out of a whole cluster", "write guests: all");
  })
  .meta({ description: "A backup job." });

/** Names of jobs are ids in Proxmox VE's configuration. */
const jobName = () =>
  text("a job's name (letters, digits, - and _, starting with a letter)", /^[A-Za-z][A-Za-z0-9_-]+$/);

export const backupJobs = z.record(jobName(), job).meta({ description: "Backup jobs by name." });

export type BackupJobVars = z.output<typeof job>;
