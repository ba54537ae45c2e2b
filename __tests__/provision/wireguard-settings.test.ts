import fc from "fast-check";
import { allRoles } from "../../provision/registry";
import role from "../../provision/wireguard/role";
import { container, hosts, load, removeLabFolders, told } from "../support/lab-folder";
import { GATEWAY, key, PEER, TUNNEL } from "./support/wireguard";

describe("settings of wireguard", () => {
  const valid = { ...TUNNEL, wireguard_private_key: { secret: "wg_key" } };
  const accepts = (value: object) => role.variables.safeParse({ ...valid, ...value }).success;

  it.each([
    {},
    { wireguard_gateway: GATEWAY },
    { wireguard_address: ["10.8.0.2/32", "fd00::2/128"] },
    {
      wireguard_peers: [
        { ...PEER, endpoint: "[2001:db8::1]:51820", allowed_ips: ["::/0"], preshared_key: { secret: "psk" } },
      ],
    },
  ])("accept %j", (value) => expect(accepts(value)).toBe(true));

  it.each([
    { wireguard_private_key: key("s") },
    { wireguard_interface: "-wg0" },
    { wireguard_address: ["::1::2/64"] },
    { wireguard_address: ["fd00::2/129"] },
    { wireguard_address: ["10.8.0.2/024"] },
    { wireguard_peers: [{ ...PEER, endpoint: "vpn.example.com:99999" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "vpn.example.com:0" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "1.2.3.999:51820" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "[1::2::3]:51820" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "[1.2.3.4]:51820" }] },
    { wireguard_gateway: { ...GATEWAY, publish: [{ port: 80, to: "10.10.10.2:70000" }] } },
    { wireguard_gateway: { ...GATEWAY, publish: [{ port: 80, to: "host:80" }] } },
    { wireguard_interface: "wg0; reboot" },
    { wireguard_address: ["10.8.0.2"] },
    { wireguard_address: ["10.8.0.256/24"] },
    { wireguard_peers: [{ ...PEER, public_key: "short" }] },
    { wireguard_peers: [{ ...PEER, endpoint: "vpn.example.com" }] },
    { wireguard_peers: [{ ...PEER, allowed_ips: ["all"] }] },
    { wireguard_gateway: { ...GATEWAY, networks: [] } },
    { wireguard_gateway: { ...GATEWAY, publish: [{ port: 80, to: "10.10.10.2" }] } },
  ])("refuse %j", (value) => expect(accepts(value)).toBe(false));

  const issues = (value: object) =>
    (role.variables.safeParse({ ...valid, ...value }).error?.issues ?? []).map(({ message, path }) => [
      path.join("."),
      message,
    ]);
  const second = { public_key: key("C"), allowed_ips: ["10.1.0.0/16"] };

  it.each([
    ["an address", { wireguard_address: ["fd00::2/64", "FD00:0::2/128"] }, "wireguard_address.1", /in the list twice/],
    [
      "a public key",
      { wireguard_peers: [PEER, { ...second, public_key: PEER.public_key }] },
      "wireguard_peers.1.public_key",
      /key of wireguard_peers\.0, too/,
    ],
    [
      "a network",
      {
        wireguard_peers: [
          { ...PEER, allowed_ips: ["10.0.0.0/24"] },
          { ...second, allowed_ips: ["::/0", "10.0.0.5/24"] },
        ],
      },
      "wireguard_peers.1.allowed_ips.1",
      /^10\.0\.0\.0\/24 belongs to wireguard_peers\.0, too/,
    ],
    [
      "a published port",
      {
        wireguard_gateway: {
          ...GATEWAY,
          publish: [
            { port: 1, to: "10.10.10.2:1" },
            { port: 1, to: "10.10.10.3:1", protocol: "tcp" },
          ],
        },
      },
      "wireguard_gateway.publish.1.port",
      /port 1 of tcp leads to 10\.10\.10\.2:1 already/,
    ],
  ])("say what is there twice: %s", (_, value, path, message) => {
    expect(issues(value)).toEqual([[path, expect.stringMatching(message)]]);
  });

  it("leave overlapping networks to WireGuard, which takes the longest prefix, and one port to two protocols", () => {
    const inside = { ...second, allowed_ips: ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.7/24"] };
    const publish = (["tcp", "udp"] as const).map((protocol) => ({ port: 1, to: "10.10.10.2:1", protocol }));
    expect(issues({ wireguard_peers: [PEER, inside], wireguard_gateway: { ...GATEWAY, publish } })).toEqual([]);
  });

  describe("in a lab", () => {
    afterAll(removeLabFolders);
    const gateway = (rest = "") => `wireguard_gateway: { interface: eth1, networks: [10.9.0.0/24]${rest} }`;
    it.each([
      ["wireguard_interface: lan0", /wireguard_interface: lan0 is a network card of vpn/],
      ["wireguard_interface: eth1", /wireguard_interface: eth1 is a network card of vpn/],
      [`wireguard_interface: eth2\n${gateway().replace("eth1", "eth2")}`, /interface: eth2 is the tunnel/],
      [`wireguard_address: [fd00::2/64]\n${gateway()}`, /wireguard_address: .* has no IPv4 address/],
      [
        `wireguard_listen_port: 5000\n${gateway(", publish: [{ port: 5000, to: '10.9.0.2:1', protocol: udp }]")}`,
        /publish\.0\.port: 5000 is the tunnel's own port/,
      ],
      [`wireguard_listen_port: 5000\n${gateway(", publish: [{ port: 5000, to: '10.9.0.2:1' }]")}`, /^$/],
    ])("%j", (lines, expected) => {
      const settings = {
        wireguard_address: "[10.8.0.2/32]",
        wireguard_private_key: "{ secret: wg_key }",
        wireguard_peers: `[{ public_key: "${key("B")}", allowed_ips: [0.0.0.0/0] }]`,
      };
      const others = Object.entries(settings).filter(([name]) => !lines.includes(`${name}:`));
      const nets = "networks: [{ name: lan0, ip: dhcp }, { ip: dhcp }]";
      const result = load(
        {
          "hosts.yml": hosts({ wireguard_hosts: ["vpn"], guests: ["vpn"] }),
          "host_vars/vpn.yml": `${container("vmid: 302", nets)}${others.map((each) => `${each.join(": ")}\n`).join("")}${lines}\n`,
        },
        allRoles(),
      );
      expect(told(result, "role-setting").join("\n")).toMatch(expected);
      expect(result.lab === undefined).toBe(expected.source !== "^$");
    });
  });

  it("let no text through that could end its line, its string or its word", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .constantFrom("\n", "$(id)", '"', "{", ";", "--help", " ")
        .chain((odd) => fc.constantFrom(`wg${odd}`, `${odd}1`, `1.2.3.4${odd}`)),
    );
    fc.assert(
      fc.property(text, (odd) => {
        for (const value of [
          { wireguard_interface: odd },
          { wireguard_address: [odd] },
          { wireguard_peers: [{ ...PEER, endpoint: odd }] },
          { wireguard_peers: [{ ...PEER, public_key: odd }] },
          { wireguard_peers: [{ ...PEER, allowed_ips: [odd] }] },
          { wireguard_gateway: { ...GATEWAY, interface: odd } },
          { wireguard_gateway: { ...GATEWAY, networks: [odd] } },
          { wireguard_gateway: { ...GATEWAY, publish: [{ port: 1, to: odd }] } },
        ]) {
          if (accepts(value)) expect(odd).toMatch(/^[\w.:/[\]+=-]+$/);
          if (accepts(value)) expect(odd).not.toMatch(/^-/);
        }
      }),
      { numRuns: 200 },
    );
  });
});
