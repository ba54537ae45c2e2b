import type { Lab } from "../../../model/lab";
import type { RealNode } from "./real-guests";

/** The containers that play the insides of VMs; VMIDs that no lab has. */
export const INSIDE = { docker: 9101, haos: 9100 } as const;
const TEMPLATE = "local:vztmpl/debian-13-standard_13.6-1_amd64.tar.zst";

/** What `vm-image` fetches instead of Home Assistant OS, from a folder of the node: no qcow2 image, but packed like one. */
const IMAGE_FOLDER = "/srv/releases";

/**
 * Gives the node what a container has not got: a PCI bus with the card, GRUB's settings; `qm`
 * and the two programs that write what a machine boots from, which only note that they were called.
 *
 * @returns the checksum of the image that stands for Home Assistant OS
 */
export async function furnish(node: RealNode): Promise<string> {
  const said = await node.run(`
set -eu
mkdir -p ${IMAGE_FOLDER} /srv/pci/0000:01:00.0 /srv/pci/0000:01:00.1 /etc/default
program() { printf '#!/bin/sh\\n%s\\n' "$2" >"$1"; chmod 755 "$1"; }
program /usr/sbin/qm 'echo "$*" >>/var/log/qm'
for name in update-initramfs update-grub; do program "/usr/sbin/$name" "echo $name >>/var/log/boot-files"; done
echo 'GRUB_CMDLINE_LINUX=""' >/etc/default/grub
describe() { echo "0x$2" >"$1/vendor"; echo "0x$3" >"$1/device"; echo "0x$4" >"$1/class"; }
describe /srv/pci/0000:01:00.0 10de 2484 030000
describe /srv/pci/0000:01:00.1 10de 228b 040300
mount --bind /srv/pci /sys/bus/pci/devices
sysctl -q -w net.ipv4.conf.all.arp_ignore=1
head -c 1000000 /dev/zero | xz >${IMAGE_FOLDER}/haos_ova-16.3.qcow2.xz
sha256sum ${IMAGE_FOLDER}/haos_ova-16.3.qcow2.xz`);
  return said.split(" ")[0] ?? "";
}

/** The lab with Home Assistant OS from the node's own folder. */
export const withImage =
  (checksum: string) =>
  (lab: Lab): Lab => ({
    ...lab,
    guests: lab.guests.map((guest) => {
      if (guest.kind !== "vm" || guest.image?.kind !== "download" || guest.name !== "haos") return guest;
      const url = `file://${IMAGE_FOLDER}/${guest.image.url.split("/").at(-1)}`;
      return { ...guest, image: { ...guest.image, url, checksum } };
    }),
  });

/** A container where a VM is, which the API knows nothing of: on its bridge, with its address or its MAC address. */
export async function playInside({ backend }: RealNode, name: keyof typeof INSIDE, card: string): Promise<void> {
  const ref = { node: "pve", vmid: INSIDE[name] };
  const net0 = `name=eth0,bridge=vmbr1,type=veth,${card}`;
  const config = { hostname: name, unprivileged: "1", features: "nesting=1", memory: "512", net0 };
  await backend.create({ ...ref, config, template: TEMPLATE }, () => undefined);
  await backend.start(ref, config, () => undefined);
}

/** The user that cloud-init would have made, with the key that steps log in with. */
export async function letIn(node: RealNode, vmid: number): Promise<void> {
  const key = await node.run("cat /root/.ssh/authorized_keys");
  await node.run(
    `
set -eu
apt-get -q update && apt-get -qy install --no-install-recommends sudo
useradd --create-home --shell /bin/bash debian
echo 'debian ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/debian
install -d -o debian -m 700 /home/debian/.ssh
printf '%s\\n' '${key}' >/home/debian/.ssh/authorized_keys
chown debian /home/debian/.ssh/authorized_keys`,
    { vmid },
  );
}
