import type { Guest } from "./support/guest";
import { describeInGuests, inEach, proveRole } from "./support/proof";

const CANARY = "canary-files-9c41";
const SECRETS = { app_password: CANARY };
const files = (level: string) => ({
  files_folders: [{ path: "/srv/app", group: "adm", mode: "0750" }],
  files_present: [
    { path: "/srv/app/app.conf", content: `level = ${level}\n`, group: "adm", mode: "0640" },
    { path: "/srv/app/deep/er/password", content: ["password=", { secret: "app_password" }, "\n"] },
    { path: "/etc/cron.d/app", lines: ["# nothing yet"], restart: "cron" },
  ],
  files_absent: ["/etc/motd"],
});

const look = (guest: Guest) =>
  guest.sh(
    "cd /srv/app; stat -c '%n %a %U:%G' . * deep/er/password /etc/cron.d/app; cat app.conf deep/er/password; ls /etc/motd 2>&1 || :",
  );

const MINUTE = 60_000;

describeInGuests("files", (world) => {
  it(
    "starts a service anew that a file had made fail",
    () =>
      inEach(async (release) => {
        const guest = await world().guest(release);
        // Fails before it has started, as sshd does with a bad setting.
        const unit =
          "[Service]\\nType=exec\\nExecStartPre=/bin/grep -q good /etc/app.conf\\nExecStart=/bin/sleep 1e6\\n";
        await guest.sh(
          `printf '${unit}' >/etc/systemd/system/app.service; echo good >/etc/app.conf; systemctl start app`,
        );
        const conf = (content: string, restart = "app") => ({
          files_present: [{ path: "/etc/app.conf", content, restart }],
        });
        expect(await guest.apply("files", conf("bad"))).toMatchObject({ status: 1 });
        expect(await guest.check("files", conf("bad"))).toMatchObject({ status: 2 });
        expect(
          await guest.apply("files", { files_present: [{ path: "/etc/app.conf", content: "bad" }] }),
        ).toMatchObject({
          status: 0,
        });
        expect(await guest.apply("files", conf("good"))).toMatchObject({ status: 0 });
        expect(await guest.sh("systemctl is-active app; systemctl stop app")).toBe("active");
        expect(await guest.apply("files", conf("good, too"))).toMatchObject({ status: 0 });
        expect(await guest.sh("systemctl is-active app || :")).toBe("inactive");
        expect((await guest.apply("files", conf("good", "nginxx"))).output).toContain(
          "nginxx: there is no such service",
        );
        await guest.sh("systemctl start app; rm /etc/systemd/system/app.service; systemctl daemon-reload");
        expect(await guest.apply("files", conf("good 2"))).toMatchObject({ status: 0 });
        await world().remove(guest);
      }),
    5 * MINUTE,
  );

  proveRole(world, "files", {
    variables: files("3"),
    secrets: SECRETS,
    works: async (guest) =>
      expect((await look(guest)).split("\n")).toEqual([
        ". 750 root:adm",
        "app.conf 640 root:adm",
        "deep 755 root:root",
        "deep/er/password 600 root:root",
        "/etc/cron.d/app 644 root:root",
        "level = 3",
        `password=${CANARY}`,
        expect.stringContaining("No such file"),
      ]),
    changed: {
      variables: files("4"),
      secrets: SECRETS,
      says: ["/srv/app/app.conf"],
      works: async (guest) => expect(await guest.sh("cat /srv/app/app.conf")).toBe("level = 4"),
    },
    failed: {
      variables: { ...files("3"), files_present: [{ path: "/srv/x", content: "x", owner: "nobody-here" }] },
      says: /error: \/srv\/x: there is no user nobody-here/,
    },
    removed: {
      variables: { files_present: [], files_folders: [], files_absent: [] },
      says: [/\/srv\/app\/app.conf removed/, /\/srv\/app removed/],
      works: async (guest) => expect(await guest.sh("ls /srv /etc/cron.d")).not.toContain("app"),
    },
  });
});
