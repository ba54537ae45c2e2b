import { CATALOGUE } from "../../model/templates";
import { container, load, removeLabFolders } from "../support/lab-folder";

afterAll(removeLabFolders);

describe("the catalogue of OS templates", () => {
  it.each(["debian-12", "debian-13", "ubuntu-24.04", "ubuntu-25.04", "alpine-3.22"])("knows %s", (name) => {
    expect(CATALOGUE.get(name)?.osType).toBe(name.split("-")[0]);
  });

  it.each([...CATALOGUE])("%s: file, URL and checksum fit together", (name, template) => {
    expect(template.fileName).toMatch(/^[a-z0-9._-]+_amd64\.tar\.(zst|xz)$/);
    expect(template.fileName.startsWith(`${name}-`)).toBe(true);
    expect(template.url).toBe(`http://download.proxmox.com/images/system/${template.fileName}`);
    expect(template.checksumAlgorithm).toBe("sha512");
    expect(template.checksum).toMatch(/^[0-9a-f]{128}$/);
  });

  it("has a checksum of its own for each file", () => {
    const sums = [...CATALOGUE.values()].map((template) => template.checksum);
    expect(new Set(sums).size).toBe(sums.length);
  });
});

describe("the template of a container", () => {
  const os = (template: string, templates = "") =>
    load({
      "host_vars/web.yml": container("vmid: 301", `template: ${template}`),
      "group_vars/guests.yml": templates || "{}\n",
    });

  it("comes from the catalogue by OS name", () => {
    const guest = os("alpine-3.22").lab?.guests[0];
    expect(guest).toMatchObject({
      os: { kind: "download", name: "alpine-3.22", storage: "local", osType: "alpine", checksumAlgorithm: "sha512" },
    });
  });

  it("comes from the inventory first", () => {
    const own = (more: string) => `proxmox_templates: { debian-13: { os_type: debian, ${more} } }\n`;
    const volume = os("debian-13", own("volume: 'local:vztmpl/mine.tar.zst'")).lab?.guests[0];
    expect(volume).toMatchObject({ os: { kind: "volume", volume: "local:vztmpl/mine.tar.zst", osType: "debian" } });
    const url = `url: 'https://mirror.example/a/mine.tar.xz', checksum: ${"ab".repeat(32)}`;
    expect(os("debian-13", own(url)).lab?.guests[0]).toMatchObject({
      os: { kind: "download", fileName: "mine.tar.xz", checksumAlgorithm: "sha256", checksum: "ab".repeat(32) },
    });
  });
});
