import { lstatSync, readlinkSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import base from "../../provision/base/role";
import { describeInSandbox, Sandbox } from "../support/sandbox";

/** locale-gen makes what /etc/locale.gen names, and fails at a line that is none. */
const DEBIAN = {
  "dpkg-query": 'echo "installed 1.0"',
  awk: 'case $* in */usr/share/i18n/SUPPORTED) echo "de_DE.UTF-8 UTF-8" ;; *) exec /usr/bin/awk "$@" ;; esac',
  locale: "[ ! -f /var/made ] || cat /var/made",
  "locale-gen":
    'grep -v "^#" /etc/locale.gen | while read -r name set more; do [ "$set" = UTF-8 ] && [ ! -e /var/no-locale ] || exit 1; echo "${name%-8}8"; done >/var/made',
};
const GEN = "etc/locale.gen";
const LOCALE = "etc/default/locale";
const TMPFILES = "etc/tmpfiles.d/debian.conf";

describeInSandbox("the locale of base", () => {
  const C = { base_locale: "C.UTF-8" };
  const target = (guest: Sandbox) => {
    const path = join(guest.root, LOCALE);
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  };

  it.each([
    ["a guest that has no such file", {}],
    ["one that had a file in its place", { [LOCALE]: "LANG=C.UTF-8\n" }],
  ])("is in /etc/locale.conf where systemd makes a link to it at every boot: %s", (_, files) => {
    const link = { [TMPFILES]: "# x\nL+ /etc/default/locale - - -  -  ../locale.conf\n", "etc/default/x": "" };
    const guest = new Sandbox({ commands: DEBIAN, files: { ...link, ...files } });
    expect(guest.apply("base", C)).toMatchObject({ status: 0 });
    expect(target(guest)).toBe("../locale.conf");
    expect(guest.read("etc/locale.conf")).toBe("LANG=C.UTF-8\n");
    expect(guest.check("base", C)).toMatchObject({ status: 0 });
  });

  it("is in /etc/default/locale elsewhere, unless that is such a link already", () => {
    const guest = new Sandbox({ commands: DEBIAN, files: { [TMPFILES]: "", [LOCALE]: "" } });
    guest.apply("base", C);
    expect(target(guest)).toBeUndefined();
    expect(guest.read(LOCALE)).toBe("LANG=C.UTF-8\n");
    unlinkSync(join(guest.root, LOCALE));
    symlinkSync("../locale.conf", join(guest.root, LOCALE));
    expect(guest.check("base", C)).toMatchObject({ status: 2 });
    guest.apply("base", C);
    expect([target(guest), guest.read("etc/locale.conf")]).toEqual(["../locale.conf", "LANG=C.UTF-8\n"]);
  });

  it("joins the others in /etc/locale.gen, whose last line may lack its end", () => {
    const own = "# ours\nen_US.UTF-8 UTF-8";
    const guest = new Sandbox({ commands: DEBIAN, files: { [TMPFILES]: "", [GEN]: own, "var/no-locale": "" } });
    const german = { base_locale: "de_DE.UTF-8" };
    expect(guest.apply("base", german).output).toContain("error: base_locale: locale-gen could not make de_DE.UTF-8");
    expect(guest.read(GEN)).toBe(own);
    unlinkSync(join(guest.root, "var/no-locale"));
    expect(guest.apply("base", german)).toMatchObject({ status: 0 });
    expect(guest.read(GEN)).toBe(`${own}\nde_DE.UTF-8 UTF-8\n`);
    writeFileSync(join(guest.root, "var/made"), "");
    expect(guest.apply("base", german).output).toContain("changed: locale de_DE.UTF-8");
    expect(guest.read(GEN)).toBe(`${own}\nde_DE.UTF-8 UTF-8\n`);
  });
});

describe("the time zone of base", () => {
  const issues = (base_timezone: string) =>
    base.variables
      .safeParse({ base_timezone })
      .error?.issues.map((issue) => [issue.message, "params" in issue ? issue.params?.fix : undefined]);

  it.each(["Europe/Berlin", "Etc/UTC", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+1", "US/Eastern", "EST5EDT"])(
    "may be %s",
    (zone) => expect(issues(zone)).toBeUndefined(),
  );

  it.each([
    ["localtime", undefined],
    ["posixrules", undefined],
    ["leapseconds", undefined],
    ["Factory", undefined],
    ["zone.tab", undefined],
    ["right/Europe/Berlin", "write Europe/Berlin"],
    ["posix/UTC", "write UTC"],
  ])("is not %s, which lies beside the zones", (name, fix) => {
    expect(issues(name)).toEqual([[`expected a time zone such as Europe/Berlin, got "${name}"`, fix]]);
  });
});
