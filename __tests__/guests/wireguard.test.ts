import { generateKeyPairSync } from "node:crypto";
import type { Guest } from "./support/guest";
import { describeInGuests, inEach, proveRole } from "./support/proof";
import type { GuestWorld } from "./support/world";

function keyPair(): { readonly secret: string; readonly shared: string } {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  const raw = (jwk: { readonly [key: string]: unknown }, part: string) =>
    Buffer.from(String(jwk[part]), "base64url").toString("base64");
  return {
    secret: raw(privateKey.export({ format: "jwk" }), "d"),
    shared: raw(publicKey.export({ format: "jwk" }), "x"),
  };
}

const [own, other] = [keyPair(), keyPair()];
const SECRETS = { vpn_key: own.secret, vpn_shared: keyPair().secret };
const VARIABLES = {
  wireguard_address: ["10.8.0.2/24"],
  wireguard_private_key: { secret: "vpn_key" },
  wireguard_listen_port: 51820,
  wireguard_peers: [
    { public_key: other.shared, preshared_key: { secret: "vpn_shared" }, allowed_ips: ["10.8.0.0/24"], keepalive: 25 },
  ],
};
/** Of the kernel where it has WireGuard, else of wireguard-go. */
const TUN = { dev0: "/dev/net/tun,mode=0666" };

async function works(guest: Guest): Promise<void> {
  const script = `
    systemctl is-active wg-quick@wg0; systemctl is-enabled wg-quick@wg0
    ip -4 -brief address show wg0 | awk '{ print $3 }'; wg show wg0 peers; wg show wg0 listen-port
    stat -c '%a %U' /etc/wireguard /etc/wireguard/wg0.conf`;
  expect((await guest.sh(script)).split("\n")).toEqual([
    "active",
    "enabled",
    "10.8.0.2/24",
    other.shared,
    "51820",
    "700 root",
    "600 root",
  ]);
}

describeInGuests("wireguard", (world) => {
  proveRole(world, "wireguard", {
    config: TUN,
    variables: VARIABLES,
    secrets: SECRETS,
    works,
    changed: {
      variables: { ...VARIABLES, wireguard_mtu: 1300 },
      secrets: SECRETS,
      says: ["/etc/wireguard/wg0.conf", "wg0 up"],
      works: async (guest) => expect(await guest.sh("cat /sys/class/net/wg0/mtu")).toBe("1300"),
    },
    failed: {
      variables: { ...VARIABLES, wireguard_listen_port: 51999 },
      secrets: SECRETS,
      breaks: async (guest) => {
        const listen =
          'use IO::Socket::INET; my $s = IO::Socket::INET->new(Proto => "udp", LocalPort => 51999) or die; sleep';
        await guest.sh(
          `systemd-run --quiet --unit taken perl -e '${listen}'; until ss -Hlun | grep -q :51999; do sleep 0.1; done`,
        );
      },
      says: /error: wg0 does not come up: .*Address already in use.*; the tunnel as it was is back/,
      mend: async (guest) => {
        await works(guest);
        await guest.sh("systemctl stop taken");
      },
    },
    removed: {
      variables: { ...VARIABLES, wireguard_interface: "lab" },
      secrets: SECRETS,
      says: [/changed: wg0 removed/],
      works: async (guest) =>
        expect(await guest.sh("ls /etc/wireguard /sys/class/net; systemctl is-active wg-quick@wg0 || :")).not.toMatch(
          /wg0|^active/m,
        ),
    },
  });

  it("two guests reach each other through it", async () => {
    const pairs = [keyPair(), keyPair()];
    const guests = await inEach((release) => world().guest(release, TUN));
    await Promise.all(
      guests.map(async (guest, index) => {
        const [mine, peer] = [pairs[index]!, pairs[1 - index]!];
        const variables = {
          ...VARIABLES,
          wireguard_address: [`10.8.0.${index + 1}/24`],
          wireguard_peers: [
            {
              public_key: peer.shared,
              allowed_ips: [`10.8.0.${2 - index}/32`],
              endpoint: `10.77.0.${guests[1 - index]!.ref.vmid}:51820`,
            },
          ],
        };
        expect(await guest.apply("wireguard", variables, { vpn_key: mine.secret })).toMatchObject({ status: 0 });
      }),
    );
    expect(await guests[0]!.sh("ping -c 3 -i 0.3 -W 5 10.8.0.2 | grep -c ttl=")).toBe("3");
    await world().remove(...guests);
  }, 120_000);

  it("a gateway lets clients out through the tunnel alone: renamed, failed, stopped, restarted, without its rules", async () => {
    const [far, gateway] = await between(world());
    const [here, there] = [keyPair(), keyPair()];
    const hub = {
      wireguard_address: ["10.8.0.1/24"],
      wireguard_private_key: { secret: "vpn_key" },
      wireguard_listen_port: 51820,
      wireguard_peers: [{ public_key: here.shared, allowed_ips: ["10.8.0.2/32"] }],
    };
    const variables = {
      wireguard_address: ["10.8.0.2/32"],
      wireguard_private_key: { secret: "vpn_key" },
      wireguard_peers: [{ public_key: there.shared, endpoint: `${ADDRESS(far)}:51820`, allowed_ips: ["0.0.0.0/0"] }],
      wireguard_gateway: { interface: "eth1", networks: ["10.10.10.0/24"] },
    };
    const apply = (changed: object = {}) =>
      gateway.apply("wireguard", { ...variables, ...changed }, { vpn_key: here.secret });
    const restart = async () => {
      await gateway.stop();
      await world().start(gateway);
    };

    // Its packages come by its own way.
    expect(
      await gateway.apply("packages", { packages_install: ["nftables", "wireguard-go", "wireguard-tools"] }),
    ).toMatchObject({ status: 0 });
    await gateway.sh("sysctl -q -w net.ipv4.ip_forward=1; systemctl start ways");
    await reached(far);
    expect(await reached(far)).toEqual({ received: ["2", "2"], leaked: ["2", "2"] });
    expect(await far.apply("wireguard", hub, { vpn_key: there.secret })).toMatchObject({ status: 0 });
    expect(await apply()).toMatchObject({ status: 0 });
    await far.sh("ip netns exec client ping -i 0.1 203.0.113.9 >/tmp/pings 2>&1 &");
    const [through, nothing] = [
      ["2", "0"],
      ["0", "0"],
    ].map((received) => ({ received, leaked: ["0", "0"] }));
    expect(await reached(far)).toEqual(through);
    const failed = await apply({ wireguard_interface: "vpn", wireguard_address: ["10.8.0.2/32", "ff02::1/128"] });
    expect(failed.output).toMatch(/error: vpn does not come up: .*multicast.*; the tunnel as it was is back/);
    expect(await reached(far)).toEqual(through);
    expect((await apply()).output).toContain("done: 0 changed");
    expect(await apply({ wireguard_interface: "vpn" })).toMatchObject({ status: 0 });
    expect(await reached(far)).toEqual(through);
    await gateway.sh("systemctl stop wg-quick@vpn");
    expect(await reached(far)).toEqual(nothing);
    await restart();
    expect(await reached(far)).toEqual(through);
    await gateway.sh(
      "systemctl disable wg-quick@vpn; echo nonsense >/etc/wireguard/gateway.nft; sed -i /forwarding/d /srv/network",
    );
    await restart();
    expect(await reached(far)).toEqual(nothing);
    expect(await apply({ wireguard_interface: "vpn" })).toMatchObject({ status: 0 });
    expect(await reached(far)).toEqual(through);

    const more = { public_key: other.shared, allowed_ips: ["10.99.0.0/16", "fd00:99::/64"] };
    await far.sh(": >/tmp/pings; wg show wg0 listen-port >/tmp/port");
    const added = await far.apply(
      "wireguard",
      { ...hub, wireguard_peers: [...hub.wireguard_peers, more] },
      { vpn_key: there.secret },
    );
    expect(added.output).toContain("changed: wg0 peers");
    expect(await far.sh("ip route show dev wg0; ip -6 route show dev wg0")).toMatch(
      /^10\.99\.0\.0\/16 (.*\n)*fd00:99::\/64 /m,
    );
    expect((await far.apply("wireguard", hub, { vpn_key: there.secret })).output).toContain("changed: wg0 peers");
    expect(await far.sh("ip route show dev wg0; ip -6 route show dev wg0")).not.toContain("99");
    const sequence = await far.sh("sleep 0.5; sed -n 's/.*icmp_seq=\\([0-9]*\\) .*/\\1/p' /tmp/pings");
    const numbers = sequence.split("\n").map(Number);
    expect(numbers.at(-1)! - numbers[0]! - numbers.length).toBeLessThan(5);

    // What a peer has no more is gone from the running tunnel, too.
    const shared = { preshared_key: { secret: "shared" }, keepalive: 25 };
    const secrets = { vpn_key: there.secret, shared: other.secret };
    const strict = { ...hub, wireguard_peers: [{ ...hub.wireguard_peers[0], ...shared }] };
    const dump = () => far.sh("wg show wg0 preshared-keys | cut -f 2; wg show wg0 persistent-keepalive | cut -f 2");
    expect((await far.apply("wireguard", strict, secrets)).output).toContain("changed: wg0 peers");
    expect(await dump()).toBe(`${other.secret}\n25`);
    expect((await far.apply("wireguard", hub, secrets)).output).toContain("changed: wg0 peers");
    expect(await dump()).toBe("(none)\noff");
    await world().remove(far, gateway);
  }, 240_000);
});

const ADDRESS = (guest: Guest) => `10.77.0.${guest.ref.vmid}`;

/**
 * A gateway, and a guest that is both the far end, with the Internet (203.0.113.9, fd00:9::9), and, in a namespace, the
 * client. Its rules count what comes from the client another way than through the tunnel; whatever comes is answered.
 */
async function between(world: GuestWorld): Promise<readonly [Guest, Guest]> {
  const second = (last: number) => ({
    ...TUN,
    net1: `name=eth1,bridge=vmbr0,hwaddr=BC:24:11:00:02:0${last},type=veth`,
  });
  const [far, gateway] = await Promise.all([world.guest("12", second(1)), world.guest("13", second(2))]);
  expect(await far.apply("packages", { packages_install: ["nftables"] })).toMatchObject({ status: 0 });
  await far.sh(`
    ip address add 203.0.113.9/32 dev lo; ip address add fd00:9::9/128 dev lo; ip address add fd00:77::1/64 dev eth0 nodad
    ip route add 10.10.10.0/24 via ${ADDRESS(gateway)}; ip -6 route add fd00:10::/64 via fd00:77::2
    ip netns add client
    ip link set eth1 netns client
    for each in lo eth1; do ip -n client link set $each up; done
    ip -n client address add 10.10.10.2/24 dev eth1; ip -n client address add fd00:10::2/64 dev eth1 nodad
    ip -n client route add default via 10.10.10.1; ip -n client -6 route add default via fd00:10::1`);
  // At every boot before the tunnel, so that there is a way past it.
  await gateway.sh(`
    cat >/srv/network <<'NETWORK'
ip link set eth1 up
ip address add 10.10.10.1/24 dev eth1
ip address add fd00:10::1/64 dev eth1 nodad
ip address add fd00:77::2/64 dev eth0 nodad
ip route replace default via ${ADDRESS(far)}
ip -6 route replace default via fd00:77::1
sysctl -q -w net.ipv6.conf.all.forwarding=1
NETWORK
    cat >/etc/systemd/system/ways.service <<'UNIT'
[Unit]
Wants=network-online.target
After=network-online.target
Before=wg-quick@wg0.service wg-quick@vpn.service
[Service]
Type=oneshot
ExecStart=/bin/sh /srv/network
[Install]
WantedBy=multi-user.target
UNIT
    systemctl enable ways`);
  return [far, gateway];
}

/** How many of two pings a client hears answers to, IPv4's and IPv6's, and how many packets came past the tunnel since it was last asked. */
async function reached(far: Guest) {
  const script = `
    for to in 203.0.113.9 fd00:9::9; do ip netns exec client ping -q -c 2 -i 0.3 -W 1 $to >/tmp/to-$to & done
    wait
    sed -n 's/.* \\([0-9]*\\) received.*/\\1/p' /tmp/to-203.0.113.9 /tmp/to-fd00:9::9
    nft list table inet seen 2>/dev/null | sed -n 's/.* packets \\([0-9]*\\) .*/\\1/p'
    nft -f - <<'NFT'
table inet seen
delete table inet seen
table inet seen {
  chain seen {
    type filter hook prerouting priority raw
    iifname eth0 icmp type echo-request counter
    iifname eth0 icmpv6 type echo-request counter
  }
}
NFT`;
  const [four = "", six = "", ...leaked] = (await far.sh(script)).split("\n");
  return { received: [four, six], leaked };
}
