import type { Lab } from "../../model/lab";
import type { LabText } from "./harness/lab-run";
import { describeOnRealGuests } from "./harness/real-guests";

jest.setTimeout(400_000);

const WEB = 711;
const testbed = { id: "net", nodes: [{ name: "pve1" }], options: { nodes: [{ name: "pve1" }] } };

describeOnRealGuests("a node's network, on a real node", testbed, ({ guestTest, run }) => {
  const text = (): LabText => ({
    guests: {},
    files: {
      "hosts.yml": "all: { children: { proxmox_nodes: { hosts: { pve1: } }, guests: { hosts: { web: } } } }\n",
      "host_vars/pve2.yml": "",
      "host_vars/pve1.yml": `
proxmox_node:
  address: 127.0.0.1
  ssh_port: ${run().shell.port}
  bridges:
    vmbr0: { existing: true }
    vmbr1: { address: 10.30.0.1/16, nat: { uplink: vmbr0 }, isolated_from: [vmbr0], node_services: [ping] }
  storages:
    local: { type: dir, content: [vztmpl, rootdir, snippets] }
    local-lvm: { type: lvmthin, content: [rootdir, images] }
`,
      "host_vars/web.yml": `
proxmox_lxc: { vmid: ${WEB}, cores: 1, memory: 256, disk: 4, swap: 0, networks: [{ network: other, ip: 10.30.7.1 }] }
`,
    },
  });
  const inGuest = (script: string) => run().shell.run(script, { vmid: WEB });
  const onNode = (script: string) => run().shell.run(script);

  guestTest("bridge, NAT and isolation are made, confirmed, kept for the next boot, and then as wanted", async () => {
    await run().write(text(), []);
    await run().deploy();
    expect(
      await onNode("cat /etc/proxmox-lab/network.nft | grep -c masquerade; systemctl is-enabled proxmox-lab-network"),
    ).toBe("1\nenabled");
    expect(
      await onNode("ls /var/lib/proxmox-lab/rollback; systemctl list-timers --all --no-legend 'proxmox-lab-*'"),
    ).not.toMatch(/armed|proxmox-lab-rollback/);
    expect(await onNode("nft list table inet proxmox_lab | grep -c 10.30.0.0/16")).toBe("1");
    expect(await inGuest("ping -c 1 -W 2 10.30.0.1 >/dev/null && echo node")).toBe("node");
    expect(await inGuest("ping -c 1 -W 2 10.77.0.1 >/dev/null && echo out")).toBe("out");
    expect(await inGuest("timeout 3 bash -c '</dev/tcp/10.30.0.1/22' 2>/dev/null || echo isolated")).toBe("isolated");
    expect((await run().plan()).changes).toEqual({});
  });

  guestTest("rules that shut the node off are taken back, and the next apply mends it", async () => {
    const good = run().lab(text(), []);
    // What no inventory can say: a rule refuses it.
    const shut = (each: Lab["nodes"][number]["links"][number]) =>
      each.name === "vmbr0" ? { ...each, isolatedFrom: ["vmbr1"] } : each;
    const bad: Lab = { ...good, nodes: good.nodes.map((node) => ({ ...node, links: node.links.map(shut) })) };
    const before = await onNode("nft -s list ruleset | grep -v counter");
    await run().write(bad);
    const { ok, output } = await run().apply();
    expect(ok).toBe(false);
    expect(output).toContain(
      "the node was out of reach after the network's rules was written, so the former one is back",
    );
    expect(await onNode("nft -s list ruleset | grep -v counter")).toBe(before);
    await run().write(good);
    await run().deploy();
    expect((await run().plan()).changes).toEqual({});
  });
});
