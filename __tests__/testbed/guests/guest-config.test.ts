import fc from "fast-check";
import { devices, lxcConfig, mountEntry, mounts, nics } from "../../../testbed/guests/guest-config";
import { networkFiles } from "../../../testbed/guests/guest-files";

const NO_LIMITS = { memory: false, cpu: false };

describe("a container's configuration, read as Proxmox VE writes it", () => {
  it("knows volumes from bind mounts", () => {
    const config = { mp0: "local-zfs:subvol-7-disk-1,mp=/data,size=8G", mp1: "/tank/media,mp=/media/,ro=1" };
    expect(mounts(config)).toEqual([
      { key: "mp0", target: "/data", readOnly: false, volume: { storage: "local-zfs", name: "subvol-7-disk-1" } },
      { key: "mp1", target: "/media/", readOnly: true, bind: "/tank/media" },
    ]);
  });

  it("reads devices with Proxmox VE's defaults", () => {
    expect(devices({ dev0: "/dev/net/tun", dev1: "path=/dev/dri/card0,mode=0666,gid=44" })).toEqual([
      { key: "dev0", path: "/dev/net/tun", mode: 0o660, uid: 0, gid: 0 },
      { key: "dev1", path: "/dev/dri/card0", mode: 0o666, uid: 0, gid: 44 },
    ]);
  });

  it("orders network interfaces by number", () => {
    const config = { net10: "name=c,bridge=vmbr0", net2: "name=b,bridge=vmbr0", net0: "name=a,bridge=vmbr1,tag=5" };
    expect(nics(config).map(({ name, bridge, vlan }) => [name, bridge, vlan])).toEqual([
      ["a", "vmbr1", 5],
      ["b", "vmbr0", undefined],
      ["c", "vmbr0", undefined],
    ]);
  });
});

describe("LXC's configuration of a guest", () => {
  it("shifts the users of unprivileged guests only", () => {
    expect(lxcConfig(7, { unprivileged: "1" }, [], NO_LIMITS)).toContain("lxc.idmap = u 0 100000 65536\n");
    expect(lxcConfig(7, {}, [], NO_LIMITS)).toContain("lxc.idmap = u 0 0 65536\n");
  });

  it("puts each VLAN on a bridge of its own and names interfaces as Proxmox VE does", () => {
    const text = lxcConfig(7, { net1: "name=eth1,bridge=vmbr0,tag=20,hwaddr=BC:24:11:00:00:01" }, [], NO_LIMITS);
    expect(text).toContain("lxc.net.1.link = vmbr0v20\n");
    expect(text).toContain("lxc.net.1.veth.pair = veth7i1\n");
    expect(text).toContain("lxc.net.1.hwaddr = BC:24:11:00:00:01\n");
  });

  it("sets limits where the machine can enforce them", () => {
    const text = lxcConfig(7, { memory: "2048", swap: "0", cores: "4", cpulimit: "1.5" }, [], {
      memory: true,
      cpu: true,
    });
    expect(text).toContain("lxc.cgroup2.memory.max = 2147483648\n");
    expect(text).toContain("lxc.cgroup2.memory.swap.max = 0\n");
    expect(text).toContain("lxc.cgroup2.cpu.max = 150000 100000\n");
    expect(lxcConfig(7, {}, [], NO_LIMITS)).not.toContain("cgroup2.");
  });

  it("keeps the six fields of a mount entry apart, whatever the paths hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (source, target) => {
        const entry = mountEntry(`/${source}`, `/x/${target}`, "dir");
        expect(entry.split(/[ \t\n]/)).toHaveLength(6);
        const unescaped = (entry.split(" ")[0] ?? "").replace(/\\(\d{3})/g, (_, code: string) =>
          String.fromCharCode(Number.parseInt(code, 8)),
        );
        expect(unescaped).toBe(`/${source}`);
      }),
    );
  });
});

describe("what is written into a guest at every start", () => {
  const config = { hostname: "web", net0: "name=eth0,bridge=vmbr0,ip=192.0.2.5/24,gw=192.0.2.1,ip6=auto" };

  it("gives it its name and addresses", () => {
    const files = networkFiles(7, config, "192.0.2.53");
    expect(files["/etc/hostname"]).toBe("web\n");
    expect(files["/etc/hosts"]).toContain("192.0.2.5 web\n");
    expect(files["/etc/network/interfaces"]).toContain(
      "auto eth0\niface eth0 inet static\n\taddress 192.0.2.5/24\n\tgateway 192.0.2.1\niface eth0 inet6 auto\n",
    );
  });

  it("gives it the node's name server unless it has its own", () => {
    expect(networkFiles(7, config, "192.0.2.53")["/etc/resolv.conf"]).toBe("nameserver 192.0.2.53\n");
    const own = { ...config, nameserver: "192.0.2.8 192.0.2.9", searchdomain: "lab.example" };
    const files = networkFiles(7, own, "192.0.2.53");
    expect(files["/etc/resolv.conf"]).toBe("search lab.example\nnameserver 192.0.2.8\nnameserver 192.0.2.9\n");
    expect(files["/etc/hosts"]).toContain("192.0.2.5 web.lab.example web\n");
  });
});
