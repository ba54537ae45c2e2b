import type { Guest } from "./support/guest";
import { describeInGuests, inEach, proveRole } from "./support/proof";

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

const MINUTE = 60_000;
const CRON = "cron.service";
const service = (command: string, more = "") => `[Service]\nExecStart=${command}\n${more}`;

/** What `systemctl is-active` and `is-enabled` say. */
const states = (guest: Guest, unit: string) =>
  guest.sh(`systemctl is-active ${unit}; systemctl is-enabled ${unit} || :`);

async function applied(guest: Guest, ...systemd_units: readonly object[]) {
  const { output, status } = await guest.apply("systemd-unit", { systemd_units });
  return { guest: guest.host, status, output };
}

/** What each of these does is systemd's to say. */
async function fallsAndRises(guest: Guest): Promise<void> {
  const failing = { name: CRON, drop_in: service("", "ExecStart=/bin/false\nRestart=always\nRestartSec=5\n") };
  for (let run = 0; run < 2; run++) {
    expect(await applied(guest, failing)).toMatchObject({
      status: 1,
      output: expect.stringContaining("cron.service was started, and has failed"),
    });
  }
  expect(
    await applied(guest, { name: CRON, drop_in: "[Service]\nRestart=no\nExecStart=\nExecStart=/bin/false\n" }),
  ).toMatchObject({
    status: 1,
  });
  expect(await guest.sh("systemctl is-active cron || :")).toBe("failed");
  expect(await applied(guest)).toMatchObject({ status: 0 });
  expect(await guest.sh("systemctl is-active cron")).toBe("active");
}

async function overrides(guest: Guest): Promise<void> {
  await guest.sh("printf '[Service]\\nExecStart=/bin/sleep 77\\n' >/etc/systemd/system/hand.service");
  const install = "[Install]\nWantedBy=graphical.target\n";
  const all = [
    { name: CRON, content: service("/usr/sbin/cron -f", install), enabled: true },
    { name: "hand.service", content: service("/bin/sleep 78") },
  ];
  expect(await applied(guest, ...all)).toMatchObject({
    status: 0,
    output: expect.stringContaining("was there before"),
  });
  expect(await applied(guest)).toMatchObject({
    status: 0,
    output: expect.stringContaining("hand.service is no longer"),
  });
  expect(await states(guest, CRON)).toBe("active\nenabled");
  const left = await guest.sh(
    "cd /etc/systemd/system; ls cron.service hand.service *.wants/cron.service 2>/dev/null; systemctl show -p FragmentPath cron",
  );
  expect(left).toMatch(
    /^hand.service\nmulti-user.target.wants\/cron.service\nFragmentPath=.*\/lib\/systemd\/system\/cron.service$/,
  );
}

async function templates(guest: Guest): Promise<void> {
  const of = (seconds: number) => [
    { name: "app@.service", content: service(`/bin/sleep ${seconds}%i`) },
    { name: "app@11.service", started: true },
    { name: "getty@.service", drop_in: "[Unit]\nDescription=x\n" },
  ];
  expect(await applied(guest, ...of(500))).toMatchObject({ status: 0 });
  await guest.sh("systemctl start app@12");
  expect(await applied(guest, ...of(600))).toMatchObject({ status: 0 });
  expect(await guest.sh("pgrep -a sleep | cut -d ' ' -f 3 | sort")).toBe("60011\n60012");
}

/** systemd forgets a job that has ended and that nothing refers to. */
async function jobs(guest: Guest): Promise<void> {
  const of = (text: string) => {
    const content = service(`/bin/sh -c 'echo ${text} >>/srv/jobs'`, "Type=oneshot\n");
    return [
      { name: "job.service", content, started: true },
      { name: "job@.service", content },
      { name: "job@1.service", started: true },
    ];
  };
  for (const text of ["a", "a", "b", "b"]) expect(await applied(guest, ...of(text))).toMatchObject({ status: 0 });
  expect(await guest.sh("cat /srv/jobs")).toBe("a\na\nb\nb");
  expect(await guest.check("systemd-unit", { systemd_units: of("b") })).toMatchObject({ status: 0 });
}

/** systemd refuses to start a socket whose service runs, and stops what requires a service along with it. */
async function sockets(guest: Guest): Promise<void> {
  const of = (port: number) => [
    { name: "in.socket", content: `[Socket]\nListenStream=127.0.0.1:${port}\n[Install]\nWantedBy=sockets.target\n` },
    { name: "in.service", content: service("/bin/sleep 1e6") },
    {
      name: "job.service",
      content: `[Unit]\nRequires=in.service\nAfter=in.service\n${service("/bin/true")}Type=oneshot\n`,
    },
    { name: "lone.service", content: `[Unit]\nRequires=job.service\nAfter=job.service\n${service("/bin/sleep 1e6")}` },
    { name: "part.service", content: `[Unit]\nPartOf=in.service\n${service("/bin/sleep 1e6")}` },
    { name: "far.service", content: `[Unit]\nRequires=part.service\nAfter=part.service\n${service("/bin/sleep 1e6")}` },
  ];
  expect(await applied(guest, ...of(7001))).toMatchObject({ status: 0 });
  await guest.sh("systemctl start in lone part far");
  const lone = await guest.sh("systemctl show -p ExecMainStartTimestampMonotonic lone job");
  expect(await applied(guest, ...of(7002))).toMatchObject({ status: 0 });
  expect(await guest.sh("systemctl is-active in.socket in part far; systemctl show -p Listen --value in.socket")).toBe(
    "active\nactive\nactive\nactive\n127.0.0.1:7002 (Stream)",
  );
  expect(await guest.sh("systemctl show -p ExecMainStartTimestampMonotonic lone job")).toBe(lone);
}

describeInGuests("systemd-unit", (world) => {
  it(
    "ends a failure, gives a package's unit its place back, restarts instances, runs jobs once, frees sockets, and knows which unit is none",
    () =>
      inEach(async (release) => {
        const guest = await world().guest(release);
        await fallsAndRises(guest);
        await overrides(guest);
        await templates(guest);
        await jobs(guest);
        await sockets(guest);
        expect(await applied(guest, { name: "crn.service", drop_in: "[Service]\nNice=5\n" })).toMatchObject({
          status: 1,
          output: expect.stringContaining("no unit here: crn.service"),
        });
        await world().remove(guest);
      }),
    5 * MINUTE,
  );

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
