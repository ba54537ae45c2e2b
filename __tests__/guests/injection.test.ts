import { HOSTILE, LONG } from "../support/hostile";
import type { Guest } from "./support/guest";
import { describeInGuests, inEach } from "./support/proof";

const TEXTS = [...HOSTILE, LONG];
/** Their paths cannot hold control characters and further slashes. */
const NAMES = TEXTS.slice(0, -1).flatMap((text) => {
  const name = text.replaceAll("/root/pwned", "pwned");
  return /[\p{Cc}/]/u.test(name) ? [] : [name];
});

/** Base64 of files, by their number. */
async function contents(guest: Guest, path: (index: number) => string, count: number): Promise<string[]> {
  const found = await guest.sh(
    `for i in $(seq 0 ${count - 1}); do base64 -w 0 <"${path(-1).replace("-1", "$i")}"; echo; done`,
  );
  return found.split("\n").map((line) => Buffer.from(line, "base64").toString());
}

const executed = (guest: Guest): Promise<string> => guest.sh("find / -xdev -name 'pwned*' ! -path '/proc/*'");

describeInGuests("text of the inventory, in real guests", (world) => {
  let guests: Guest[] = [];
  beforeAll(async () => {
    guests = await inEach((release) => world().guest(release));
  }, 120_000);

  const eachGuest = (of: (guest: Guest) => Promise<void>) => Promise.all(guests.map(of));

  it(
    "is the content of files, byte for byte, and nothing else",
    () =>
      eachGuest(async (guest) => {
        const files_present = TEXTS.flatMap((content, index) => [
          { path: `/srv/content/${index}`, content },
          { path: `/srv/pieces/${index}`, content: ["<", content, ">"] },
        ]);
        expect(await guest.apply("files", { files_present })).toMatchObject({ status: 0 });
        expect(await contents(guest, (index) => `/srv/content/${index}`, TEXTS.length)).toEqual(TEXTS);
        expect(await contents(guest, (index) => `/srv/pieces/${index}`, TEXTS.length)).toEqual(
          TEXTS.map((text) => `<${text}>`),
        );
        expect(await executed(guest)).toBe("");
        expect(await guest.check("files", { files_present })).toMatchObject({ status: 0 });
      }),
    120_000,
  );

  it(
    "is the name of files and folders, and nothing else",
    () =>
      eachGuest(async (guest) => {
        const variables = {
          files_present: NAMES.map((name) => ({ path: `/srv/names/${name}`, content: name })),
          files_folders: NAMES.map((name) => ({ path: `/srv/folders/${name}` })),
          files_absent: NAMES.map((name) => `/srv/absent/${name}`),
        };
        expect(await guest.apply("files", variables)).toMatchObject({ status: 0 });
        for (const kind of ["names", "folders"]) {
          const found = await guest.sh(`cd /srv/${kind}; find . -mindepth 1 -printf '%f\\0'`);
          expect(found.split("\0").filter(Boolean).sort()).toEqual([...NAMES].sort());
        }
        expect(await guest.sh("find / -xdev -name pwned ! -path '/proc/*'")).toBe("");
        expect(await guest.apply("files", { files_present: [], files_folders: [], files_absent: [] })).toMatchObject({
          status: 0,
        });
        expect(await guest.sh("ls /srv; find / -xdev -name 'pwned*' ! -path '/proc/*'")).toBe("");
      }),
    120_000,
  );

  it(
    "is a variable of scripts, in sh and bash, byte for byte, and nothing else",
    () =>
      eachGuest(async (guest) => {
        const script_snippets = TEXTS.flatMap((text, index) =>
          (["sh", "bash"] as const).map((shell) => ({
            name: `${shell}-${index}`,
            shell,
            values: { TEXT: text },
            apply: `mkdir -p /srv/${shell}; printf %s "$TEXT" >/srv/${shell}/${index}`,
            creates: `/srv/${shell}/${index}`,
          })),
        );
        expect(await guest.apply("script", { script_snippets })).toMatchObject({ status: 0 });
        for (const shell of ["sh", "bash"]) {
          expect(await contents(guest, (index) => `/srv/${shell}/${index}`, TEXTS.length)).toEqual(TEXTS);
        }
        expect(await executed(guest)).toBe("");
      }),
    120_000,
  );

  it(
    "is a path that says whether a script is done, and nothing else",
    () =>
      eachGuest(async (guest) => {
        const script_snippets = NAMES.map((name, index) => ({
          name: `creates-${index}`,
          values: { NAME: name },
          apply: 'mkdir -p /srv/created; : >"/srv/created/$NAME"',
          creates: `/srv/created/${name}`,
        }));
        expect(await guest.apply("script", { script_snippets })).toMatchObject({ status: 0 });
        expect(await guest.sh("rm -r /srv/created; find / -xdev -name 'pwned*' ! -path '/proc/*'")).toBe("");
      }),
    120_000,
  );

  it(
    "is the text of a unit, which systemd reads or refuses, and nothing else",
    () =>
      eachGuest(async (guest) => {
        const [whole, broken] = [
          HOSTILE.filter((text) => !text.includes("\n")),
          HOSTILE.filter((text) => text.includes("\n")),
        ];
        const unit = (text: string) => `[Service]\nExecStart=/bin/true\n[Unit]\n# ${text}\n`;
        const systemd_units = whole
          .filter((text) => !text.endsWith("\\"))
          .map((text, index) => ({ name: `h${index}.service`, content: unit(text) }));
        expect(await guest.apply("systemd-unit", { systemd_units })).toMatchObject({ status: 0 });
        for (const text of [...broken, LONG]) {
          const refused = { systemd_units: [...systemd_units, { name: "broken.service", content: unit(text) }] };
          const { status } = await guest.apply("systemd-unit", refused);
          if (status !== 0) expect(await guest.sh("ls /etc/systemd/system")).not.toContain("broken");
        }
        expect(await executed(guest)).toBe("");
      }),
    120_000,
  );

  it(
    "is the path of NVIDIA's run file, and nothing else",
    () =>
      eachGuest(async (guest) => {
        await guest.sh(
          "mount -t tmpfs tmpfs /proc/driver; mkdir /proc/driver/nvidia; echo 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue' >/proc/driver/nvidia/version",
        );
        for (const name of NAMES.slice(0, 6)) {
          const runfile = { version: "580.95.05", path: `/srv/${name}`, sha256: "0".repeat(64) };
          const { output, status } = await guest.apply("nvidia", { nvidia_cfg: { runfile } });
          expect({ status, output }).toMatchObject({
            status: 1,
            output: expect.stringContaining(`there is no /srv/${name}`),
          });
        }
        expect(await executed(guest)).toBe("");
      }),
    120_000,
  );
});
