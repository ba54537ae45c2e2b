import { generateKeyPairSync } from "node:crypto";
import type { Guest } from "./support/guest";
import { describeInGuests, inEach, proveRole } from "./support/proof";

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
});
