import type { Guest } from "./support/guest";
import { describeInGuests, packageTrouble } from "./support/proof";
import type { Release } from "./support/world";

const PORT = 3143;
/** A proxy in front of the testbed's, which ends each of its first connections after some bytes. */
const CUTTING = `
use IO::Socket::INET; use IO::Select;
my ($connections, $bytes) = @ARGV; my $number = 0;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => ${PORT}, Listen => 20, ReuseAddr => 1) or die;
$SIG{CHLD} = "IGNORE";
while (my $client = $server->accept) {
  $number++;
  # Whoever has it open keeps it from ending.
  if (fork) { close $client; next; }
  my $mirror = IO::Socket::INET->new("198.18.0.1:3142") or exit;
  my $both = IO::Select->new($client, $mirror); my $passed = 0;
  PASS: while (my @ready = $both->can_read) {
    for my $from (@ready) {
      sysread($from, my $block, 4096) or last PASS;
      $passed += length $block if $from == $mirror;
      last PASS if $number <= $connections && $passed > $bytes;
      syswrite($from == $mirror ? $client : $mirror, $block);
    }
  }
  exit;
}`;

async function cutAfter(guest: Guest, connections: number, bytes: number): Promise<void> {
  await guest.sh(`cat >/root/cut.pl <<'END'\n${CUTTING}\nEND
    systemd-run --quiet --unit cut perl /root/cut.pl ${connections} ${bytes}
    until ss -Hltn | grep -q :${PORT}; do sleep 0.1; done`);
  await useProxy(guest, `http://127.0.0.1:${PORT}`);
}

const useProxy = (guest: Guest, proxy: string) =>
  guest.sh(`printf 'Acquire::http::Proxy "${proxy}";\\n' >/etc/apt/apt.conf.d/99test`);
const goOnline = (guest: Guest) => guest.sh("rm /etc/apt/apt.conf.d/99test");
const VARIABLES = { packages_install: ["htop", "tree"] };
const installed = (guest: Guest) =>
  guest.sh("dpkg-query -W -f '${db:Status-Status}\\n' htop tree 2>/dev/null | grep -cx installed || :");

/** Each waits for a minute, so all of them wait at the same time. */
describeInGuests("mirrors", (world) => {
  const running = new Map<string, Promise<void>>();
  const stories: Readonly<
    Record<string, { readonly release: Release; readonly tell: (guest: Guest) => Promise<void> }>
  > = {
    "out of reach: the step says what it tried, five times, and changes nothing": {
      release: "12",
      tell: async (guest) => {
        await useProxy(guest, "http://127.0.0.1:9");
        const { milliseconds, output, status } = await guest.apply("packages", VARIABLES);
        expect(status).toBe(1);
        expect(output).toMatch(/guest12 packages \| package lists failed; next try in 2 s: apt_get .*update/);
        expect(output).toMatch(
          /error: package lists failed five times: apt_get .*update; does this guest reach its mirror/,
        );
        expect(milliseconds).toBeGreaterThan(50_000);
        expect([await packageTrouble(guest), await installed(guest)]).toEqual(["", "0"]);
        await goOnline(guest);
        expect(await guest.apply("packages", VARIABLES)).toMatchObject({ status: 0 });
      },
    },
    "that break off again and again: nothing is installed, and nothing is left half-installed": {
      release: "13",
      tell: async (guest) => {
        await guest.sh("apt-get update -qq");
        await cutAfter(guest, 1_000_000, 5_000);
        const { output, status } = await guest.apply("packages", VARIABLES);
        expect(status).toBe(1);
        expect(output).toMatch(
          /error: download of htop tree failed five times: apt_get install --download-only htop tree/,
        );
        expect([await packageTrouble(guest), await installed(guest)]).toEqual(["", "0"]);
        await goOnline(guest);
        expect(await guest.apply("packages", VARIABLES)).toMatchObject({ status: 0 });
        expect(await installed(guest)).toBe("2");
      },
    },
    "that break off at first: the step tries again, and does its work": {
      release: "12",
      tell: async (guest) => {
        await cutAfter(guest, 3, 5_000);
        expect(await guest.apply("packages", VARIABLES)).toMatchObject({ status: 0 });
        expect([await packageTrouble(guest), await installed(guest)]).toEqual(["", "2"]);
      },
    },
    "of Docker out of reach: no repository is set up and no engine installed": {
      release: "13",
      tell: async (guest) => {
        const { output, status } = await guest.apply("docker", {});
        expect(status).toBe(1);
        expect(output).toMatch(
          /error: Docker's signing key failed five times: curl .* https:\/\/download\.docker\.com\//,
        );
        expect(await packageTrouble(guest)).toBe("");
        expect(await guest.sh("ls /etc/apt/sources.list.d /etc/apt/keyrings")).not.toContain("docker");
        expect((await guest.run("command -v dockerd")).code).not.toBe(0);
      },
    },
  };

  beforeAll(() => {
    for (const [name, { release, tell }] of Object.entries(stories)) {
      const story = world().guest(release).then(tell);
      // Its test says how it ended.
      story.catch(() => undefined);
      running.set(name, story);
    }
  });

  it.each(Object.keys(stories))("%s", (name) => running.get(name), 300_000);
});
