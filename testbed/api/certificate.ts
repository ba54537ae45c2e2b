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
  const attributes = [{ name: "commonName", value: "pve1.lab.test" }];
  const made = await generate(attributes, { keySize: KEY_BITS, algorithm: "sha256" });
  const parsed = new X509Certificate(made.cert);
  const seconds = (date: string): number => Math.floor(Date.parse(date) / 1000);
  const info: CertificateInfo = {
    filename: "pve-ssl.pem",
    fingerprint: parsed.fingerprint256,
    issuer: `/${parsed.issuer.replaceAll("\n", "/")}`,
    subject: `/${parsed.subject.replaceAll("\n", "/")}`,
    san: ["127.0.0.1", "localhost"],
    notbefore: seconds(parsed.validFrom),
    notafter: seconds(parsed.validTo),
    pem: made.cert,
    "public-key-bits": KEY_BITS,
    "public-key-type": "rsaEncryption",
  };
  return { key: made.private, info };
}
