import { createHash } from "node:crypto";

/** A file on the web, as far as a download needs to know it. */
export interface RemoteFile {
  readonly size: number;
  readonly fileName: string;
  readonly mimeType?: string;
  /** By the algorithm that was asked for; absent when the contents are not known. */
  readonly digest?: string;
  /** Bytes after decompression. */
  readonly unpackedSize?: number;
}

/** What is known of a URL that is never dialled. */
export interface CatalogueEntry {
  readonly size?: number;
  /** HTTP status of the server, 200 unless said otherwise; 0: no server. */
  readonly status?: number;
  readonly sha256?: string;
  readonly unpackedSize?: number;
}

const LOOPBACK = /^https?:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?\//;
const MIME: Readonly<Record<string, string>> = {
  zst: "application/zstd",
  gz: "application/gzip",
  xz: "application/x-xz",
  iso: "application/x-iso9660-image",
};

const fileNameOf = (url: string): string => decodeURIComponent(url.replace(/[?#].*$/, "").replace(/^.*\//, ""));

function hostOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

async function lookForReal(
  url: string,
  fileName: string,
  wantContents: boolean,
): Promise<RemoteFile & { contents?: Buffer }> {
  const response = await fetch(url, { method: wantContents ? "GET" : "HEAD" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const mimeType = response.headers.get("content-type")?.split(";")[0] ?? "application/octet-stream";
  if (!wantContents) return { size: Number(response.headers.get("content-length") ?? 0), fileName, mimeType };
  const contents = Buffer.from(await response.arrayBuffer());
  return { size: contents.length, fileName, mimeType, contents };
}

export interface ChecksumWish {
  readonly algorithm: string;
  readonly expected?: string | undefined;
}

/**
 * What lies outside a testbed. Only servers on the loopback are asked for files; all others are made up, from
 * what was described or else from the URL, so that nothing leaves the machine.
 */
export class World {
  private readonly catalogue = new Map<string, CatalogueEntry>();
  /** Servers (NFS, PBS, …) and ZFS pools that do not answer, beside all names under `.invalid`. */
  readonly unreachable = new Set<string>();

  /** Says what a URL gives. */
  describeUrl(url: string, entry: CatalogueEntry): void {
    this.catalogue.set(url, entry);
  }

  answers(server: string): boolean {
    return !this.unreachable.has(server) && !/(?:^|\.)invalid$/.test(server);
  }

  /** Size, name and type of a file, without its contents; throws in the words of the web client. */
  async head(url: string): Promise<RemoteFile> {
    return this.look(url, false);
  }

  /** The file with its digest, when the contents are known. */
  async fetch(url: string, wish: ChecksumWish): Promise<RemoteFile> {
    const known = this.catalogue.get(url);
    const { contents, ...file } = await this.look(url, true);
    if (contents) return { ...file, digest: createHash(wish.algorithm).update(contents).digest("hex") };
    return known?.sha256 !== undefined && wish.algorithm === "sha256" ? { ...file, digest: known.sha256 } : file;
  }

  private async look(url: string, wantContents: boolean): Promise<RemoteFile & { contents?: Buffer }> {
    const fileName = fileNameOf(url);
    const known = this.catalogue.get(url);
    const host = new URL(url).hostname;
    const status = known?.status ?? (this.answers(host) ? 200 : 0);
    if (status === 0) throw new Error(`500 Can't connect to ${hostOf(url)} (Name or service not known)`);
    if (status !== 200) throw new Error(`${status} ${status === 404 ? "File not found" : "Error"}`);
    if (!known && LOOPBACK.test(url)) return lookForReal(url, fileName, wantContents);
    const ending = fileName.slice(fileName.lastIndexOf(".") + 1);
    const mimeType = MIME[ending] ?? "application/octet-stream";
    const seed = createHash("sha256").update(url).digest().readUInt32BE(0);
    const size = known?.size ?? 20_000_000 + (seed % 100_000_000);
    const unpacked = known?.unpackedSize === undefined ? {} : { unpackedSize: known.unpackedSize };
    return { size, fileName, mimeType, ...unpacked };
  }
}
