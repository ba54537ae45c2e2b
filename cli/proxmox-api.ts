import { readFileSync } from "node:fs";
import { request } from "node:https";
import { rootCertificates } from "node:tls";
import type { Lab } from "../model/lab";

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** Where systems keep the authorities they trust, in the order in which Go, and so the provider, looks: crypto/x509/root_linux.go. */
const SYSTEM_AUTHORITIES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * `GET api2/json/<path>` of a lab's Proxmox VE, with an API token.
 *
 * @param limitMs how long it may take until something comes
 * @throws Error when there is no answer, or the certificate is not to be trusted
 */
export function apiGet({ connection }: Lab, path: string, token: string, limitMs: number): Promise<ApiAnswer> {
  const { endpoint, verifyTls } = connection;
  const trust = verifyTls ? { ca: authorities() } : { rejectUnauthorized: false };
  const options = { ...trust, headers: { Authorization: `PVEAPIToken=${token}` }, timeout: limitMs };
  return new Promise((resolve, reject) => {
    const asked = request(new URL(`api2/json/${path}`, endpoint), options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    const late = () => asked.destroy(new Error(`no answer in ${limitMs / 1000} s`));
    // Node.js' own limit does not cover the time that a connection takes.
    const limit = setTimeout(late, limitMs);
    asked.on("timeout", late).on("error", reject);
    asked.on("close", () => clearTimeout(limit)).end();
  });
}

/** Node.js trusts a list of its own; an authority that the operator added to the system's is trusted by Terraform. */
function authorities(): string[] {
  const { SSL_CERT_FILE } = process.env;
  for (const file of SSL_CERT_FILE ? [SSL_CERT_FILE] : SYSTEM_AUTHORITIES) {
    try {
      return [...rootCertificates, readFileSync(file, "utf8")];
    } catch {
      // The next one.
    }
  }
  return [...rootCertificates];
}
