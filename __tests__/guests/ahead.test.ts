import { composeFrom13 } from "./support/compose-from-13";
import { describeInGuests, inEach, packageTrouble } from "./support/proof";
import { randomFor, SEED } from "./support/random";

const DOCKER = { docker_source: "distribution", docker_log_max_size: "20m" };
const KEY = "QDF0zYCTPi1OZ8DgAhbfLB5dWqXYsPW6GDyIkYpPsHk=";
const WIREGUARD = {
  wireguard_address: ["10.8.0.2/24"],
  wireguard_private_key: { secret: "vpn_key" },
  wireguard_peers: [{ public_key: KEY, allowed_ips: ["10.8.0.0/24"] }],
};
const LATER = { docker: DOCKER, wireguard: WIREGUARD };
const ALL = { variables: { base_packages: ["htop"] }, ahead: LATER };
const SECRETS = { vpn_key: "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=" };
const TUN = { dev0: "/dev/net/tun,mode=0666" };

describeInGuests("packages of later steps", (world) => {
  it("are installed along with those of base, after Docker's settings are there, and their steps find them", async () => {
    await inEach(async (release) => {
      const guest = await world().guest(release, TUN);
      await composeFrom13(guest);
      const first = await guest.applyAhead("base", ALL);
      expect(first).toMatchObject({
        status: 0,
        output: expect.stringMatching(
          /changed: \/etc\/docker\/daemon\.json\n.*changed: packages for later steps: docker\.io .*docker-compose wireguard-tools/,
        ),
      });
      expect(await guest.sh("grep -c Commandline: /var/log/apt/history.log")).toBe("1");
      expect(await guest.sh("grep -c 20m /etc/docker/daemon.json; systemctl is-active docker")).toBe("1\nactive");
      const installed = await guest.sh("stat -c %Y /var/lib/dpkg/status");
      for (const [role, variables] of Object.entries(LATER)) {
        const { output, status } = await guest.apply(role, variables, SECRETS);
        expect({ status, output }).toMatchObject({ status: 0, output: expect.not.stringMatching(/changed: packages/) });
      }
      expect(await guest.sh("stat -c %Y /var/lib/dpkg/status")).toBe(installed);
      expect(await packageTrouble(guest)).toBe("");
      const before = await guest.snapshot();
      expect((await guest.applyAhead("base", ALL)).output).toContain("done: 0 changed");
      for (const [role, variables] of Object.entries(LATER)) {
        expect((await guest.apply(role, variables, SECRETS)).output).toContain("done: 0 changed");
      }
      expect((await guest.snapshot()).changesSince(before)).toEqual([]);
      await world().remove(guest);
    });
  }, 300_000);

  it("that cannot be installed keep base from nothing, and their step says why", async () => {
    await inEach(async (release) => {
      const guest = await world().guest(release, TUN);
      await composeFrom13(guest);
      const wrong = { ...DOCKER, docker_version: "0.0-nowhere" };
      expect(await guest.applyAhead("base", { ...ALL, ahead: { docker: wrong } })).toMatchObject({ status: 0 });
      expect(await guest.sh("htop --version | cut -d ' ' -f 1; command -v dockerd || echo none")).toBe("htop\nnone");
      expect((await guest.apply("docker", wrong)).output).toContain("error: package docker.io=0.0-nowhere: ");

      // Its own script fails: dpkg would say so at every later call.
      await guest.sh("apt-get -qy remove htop; mv /usr/sbin/groupadd /usr/sbin/groupadd.away");
      const { output, status } = await guest.applyAhead("base", { ...ALL, ahead: { docker: DOCKER } });
      expect({ status, output }).toMatchObject({ status: 0, output: expect.not.stringContaining("later steps") });
      expect(await guest.sh("grep -c 'status half-configured docker.io' /var/log/dpkg.log")).not.toBe("0");
      expect(await packageTrouble(guest)).toBe("");
      await guest.sh("htop --version; mv /usr/sbin/groupadd.away /usr/sbin/groupadd");
      expect(await guest.apply("docker", DOCKER)).toMatchObject({ status: 0 });
      expect(await guest.sh("systemctl is-active docker")).toBe("active");
      await world().remove(guest);
    });
  }, 300_000);

  it("are all there in the end when base is killed on the way", async () => {
    const random = randomFor("ahead");
    process.stderr.write(`base with others ahead: killed at moments of GUEST_SEED=${SEED}\n`);
    await inEach(async (release) => {
      const guest = await world().guest(release, TUN);
      await composeFrom13(guest);
      const moments = [4000, 8000, 4000].map((most) => Math.round(1000 + random() * most));
      for (const moment of moments) await guest.killed("base", ALL, moment, random() < 0.5);
      const runs = [await guest.applyAhead("base", ALL)];
      for (const [role, variables] of Object.entries(LATER)) runs.push(await guest.apply(role, variables, SECRETS));
      const failed = runs.filter(({ status }) => status !== 0).map(({ output }) => output);
      expect({ moments, failed }).toEqual({ moments, failed: [] });
      expect(await packageTrouble(guest)).toBe("");
      expect(await guest.sh("systemctl is-active docker wg-quick@wg0; command -v htop")).toBe(
        "active\nactive\n/usr/bin/htop",
      );
      expect((await guest.applyAhead("base", ALL)).output).toContain("done: 0 changed");
      await world().remove(guest);
    });
  }, 300_000);
});
