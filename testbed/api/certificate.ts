import { X509Certificate } from "node:crypto";
import { generate } from "selfsigned";
import type { CertificateInfo } from "./testbed";

const KEY_BITS = 2048;

interface KeyPair {
  readonly key: string;
  readonly info: CertificateInfo;
}

let pair: Promise<KeyPair> | undefined;

/** One self-signed certificate per process: making one takes longer than all the rest of a start. */
export function ownCertificate(): Promise<KeyPair> {
  pair ??= make();
  return pair;
}

async function make(): Promise<KeyPair> {
  const { key, pem } = await selfSigned("pve1.lab.test");
  return { key, info: { ...certificateInfo("pve-ssl.pem", pem), san: ["127.0.0.1", "localhost"] } };
}

/** A new certificate that signs itself, in PEM. */
export async function selfSigned(name: string): Promise<{ readonly key: string; readonly pem: string }> {
  const made = await generate([{ name: "commonName", value: name }], { keySize: KEY_BITS, algorithm: "sha256" });
  return { key: made.private, pem: made.cert };
}

/** What Proxmox VE shows of a certificate. @param pem a chain: the first one counts @throws Error when it is none */
export function certificateInfo(filename: string, pem: string): CertificateInfo {
  const parsed = new X509Certificate(pem);
  const seconds = (date: string): number => Math.floor(Date.parse(date) / 1000);
  const names = (parsed.subjectAltName ?? "").split(", ").map((name) => name.replace(/^(?:DNS|IP Address):/, ""));
  return {
    filename,
    fingerprint: parsed.fingerprint256,
    issuer: `/${parsed.issuer.replaceAll("\n", "/")}`,
    subject: `/${parsed.subject.replaceAll("\n", "/")}`,
    san: names.filter((name) => name !== ""),
    notbefore: seconds(parsed.validFrom),
    notafter: seconds(parsed.validTo),
    pem,
    "public-key-bits": parsed.publicKey.asymmetricKeyDetails?.modulusLength ?? 256,
    "public-key-type": parsed.publicKey.asymmetricKeyType === "rsa" ? "rsaEncryption" : "id-ecPublicKey",
  };
}
