import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FakeGuest {
  readonly vmid: number;
  readonly name: string;
  readonly tags?: string;
}

/** One request, with who asked: a token, a ticket, or nobody yet. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly as: "token" | "ticket" | "nobody";
}

/**
 * Enough of the Proxmox VE API, on a loopback port, to answer who holds which VMID, how large a volume is,
 * and what one container is. It changes nothing and notes who asks.
 */
export class FakeProxmox {
  readonly asked: Asked[] = [];
  containers: readonly FakeGuest[] = [];
  vms: readonly FakeGuest[] = [];
  /** Containers of the other node, pve2. */
  elsewhere: readonly FakeGuest[] = [];
  /** Of VMID 301, which alone can be read. */
  rootVolumeGiB = 8;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(certificate(), (request, response) => {
      const { headers, method = "GET", url = "" } = request;
      const path = url.replace(/^\/api2\/json/, "").replace(/\?.*/, "");
      const as = headers.authorization ? "token" : headers.cookie ? "ticket" : "nobody";
      this.asked.push({ method, path, as });
      const data = this.#answer(method, path);
      response.writeHead(data === undefined ? 501 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify({ data: data ?? null }));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as AddressInfo;
    return `https://127.0.0.1:${port}/`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(method: string, path: string): unknown {
    const size = this.rootVolumeGiB * 2 ** 30;
    const answers: { readonly [request: string]: unknown } = {
      "POST /access/ticket": { username: "root@pam", ticket: "PVE:root@pam:0::x", CSRFPreventionToken: "x" },
      "GET /version": { version: "9.1.10", release: "9.1", repoid: "0" },
      "GET /nodes": ["pve1", "pve2"].map((name) => ({ node: name, status: "online" })),
      "GET /nodes/pve2/lxc": this.elsewhere.map((guest) => ({ status: "running", ...guest })),
      "GET /nodes/pve2/qemu": [],
      "PUT /nodes/pve1/lxc/301/config": "",
      "GET /nodes/pve1/lxc": this.containers.map((guest) => ({ status: "running", ...guest })),
      "GET /nodes/pve1/qemu": this.vms.map((guest) => ({ status: "running", ...guest })),
      "GET /nodes/pve1/storage/local-lvm/content": [
        { volid: "local-lvm:vm-301-disk-0", content: "rootdir", format: "raw", vmid: 301, size },
      ],
      "GET /nodes/pve1/lxc/301/status/current": { status: "stopped", vmid: 301, cpus: 2 },
      "GET /nodes/pve1/lxc/301/config": {
        arch: "amd64",
        cores: 2,
        hostname: "web",
        memory: 2048,
        swap: 0,
        ostype: "debian",
        rootfs: `local-lvm:vm-301-disk-0,size=${this.rootVolumeGiB}G`,
        unprivileged: 1,
        tags: "lab-lab",
        digest: "0",
      },
    };
    return answers[`${method} ${path}`];
  }
}

function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), "fake-proxmox-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", [...request, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", cert], { stdio: "pipe" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
