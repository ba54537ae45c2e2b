import { describeInGuests, proveRole } from "./support/proof";

const units = (seconds: number, more: object[] = []) => ({
  systemd_units: [
    {
      name: "clock.service",
      content: `[Service]\nExecStart=/bin/sleep ${seconds}\n[Install]\nWantedBy=multi-user.target\n`,
    },
    {
      name: "tick.timer",
      content: "[Timer]\nOnCalendar=daily\nUnit=tick.service\n[Install]\nWantedBy=timers.target\n",
    },
    { name: "tick.service", content: "[Service]\nType=oneshot\nExecStart=/bin/true\n" },
    { name: "cron.service", drop_in: "[Service]\nNice=5\n" },
    ...more,
  ],
});

describeInGuests("systemd-unit", (world) => {
  proveRole(world, "systemd-unit", {
    variables: units(1e6),
    works: async (guest) =>
      expect(
        await guest.sh(
          "systemctl is-active clock.service tick.timer cron; systemctl is-enabled clock.service tick.timer; ps -o ni= -C cron; systemctl show -p NeedDaemonReload --value cron clock",
        ),
      ).toMatch(/^active\nactive\nactive\nenabled\nenabled\n +5\nno\n\nno$/),
    changed: {
      variables: units(2e6),
      says: ["/etc/systemd/system/clock.service", "units loaded anew", "clock.service restarted"],
      works: async (guest) => expect(await guest.sh("pgrep -fx '/bin/sleep 2000000' | wc -l")).toBe("1"),
    },
    failed: {
      variables: units(1e6, [
        { name: "bad.service", content: "[Service]\nExecStart=/bin/false\n[Install]\nWantedBy=multi-user.target\n" },
      ]),
      says: /error: bad.service was started, and has failed; the end of its journal is above/,
    },
    removed: {
      variables: { systemd_units: [] },
      says: [/clock.service/, /tick.timer/],
      works: async (guest) =>
        expect(
          await guest.sh(
            "systemctl is-active clock.service tick.timer || :; ls /etc/systemd/system; ps -o ni= -C cron",
          ),
        ).toMatch(/^inactive\ninactive\n((?!clock|tick).*\n)* +0$/),
    },
  });
});
