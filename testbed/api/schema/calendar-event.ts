const DAY = "(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*";
const DAYS = new RegExp(`^${DAY}(?:\\.\\.${DAY})?(?:,${DAY}(?:\\.\\.${DAY})?)*$`, "i");
const NUMBERS = "(?:\\*|\\d+(?:\\.\\.\\d+)?)(?:/\\d+)?";
const LIST = `${NUMBERS}(?:,${NUMBERS})*`;
const TIME = new RegExp(`^${LIST}(?::${LIST}){0,2}$`);
const DATE = new RegExp(`^(?:${LIST}-)?${LIST}-${LIST}$`);
const SHORTHAND = /^(?:minutely|hourly|daily|weekly|monthly|yearly|annually|quarterly|semiannually|semi-annually)$/;

/** Proxmox VE's calendar events, a subset of systemd's: `sat 02:30`, `*-*-01 03:00`, `mon..fri 8..17:0/15`, `daily`. */
export function checkCalendarEvent(value: string): string | undefined {
  const parts = value.trim().split(/\s+/);
  if (parts.length === 1 && SHORTHAND.test(parts[0] ?? "")) return undefined;
  const rest = DAYS.test(parts[0] ?? "") ? parts.slice(1) : parts;
  const known = rest.length <= 2 && rest.every((part) => DATE.test(part) || TIME.test(part));
  if (known && value.trim() !== "") return undefined;
  const at = rest[0] ?? "";
  const context = /^[a-z]/i.test(at) ? "weekday" : "time";
  return `invalid calendar event '${value}' - unable to parse calendar event at '${at}' - Context("${context}")\n`;
}
