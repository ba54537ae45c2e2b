import systemdUnit from "../../provision/systemd-unit/role";
import { APP, type Entry, units } from "./support/systemd-unit";

describe("settings of systemd-unit", () => {
  const accepts = (...list: readonly Entry[]) => systemdUnit.variables.safeParse(units(...list)).success;

  it.each<Entry>([
    APP,
    { name: "app@.service", content: APP.content, enabled: true },
    { name: "app@1.service", enabled: true, started: true },
    { name: "srv-data.mount", started: true },
    { name: "dev-disk-by\\x2dlabel-x.swap", enabled: false },
  ])("accept %j", (entry) => expect(accepts(entry)).toBe(true));

  it.each<Entry>([
    { name: "app", content: "x" },
    { name: "-h.service", content: "x" },
    { name: "../x.service", content: "x" },
    { name: "a b.service", content: "x" },
    { name: "*.service", started: false },
    { name: "app.service" },
    { name: "app.service", content: " " },
    { name: "app.service", content: "x\0" },
    { name: "app.service", content: "[Service]\n", enabled: true },
    { name: "app@.service", content: APP.content, started: true },
  ])("refuse %j", (entry) => expect(accepts(entry)).toBe(false));

  it("refuse two entries of one name", () => expect(accepts(APP, APP)).toBe(false));
});
