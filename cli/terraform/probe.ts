import type { Lab } from "../../model/lab";
import { formatPosition, type Problem } from "../../model/problem";
import type { LabSecret } from "../../model/vault";
import { said } from "../../stacks/system-error";
import { secretValues } from "../lab-secrets";
import { apiGet } from "../proxmox-api";

/** What is asked of the host before Terraform starts, which takes a minute to fail. @returns what is wrong; empty: it answers */
export type Probe = (lab: Lab, secrets: readonly LabSecret[]) => Promise<readonly Problem[]>;

const TOKEN_NAME = "proxmox_api_token";
const LIMIT_MS = 5_000;
/** bpg/proxmox 0.111.1, proxmox/api/credentials.go; without the name of the header, in which it is often shown. */
const TOKEN = /^(?!PVEAPIToken=)\S+@\S+!\S+=[a-zA-Z0-9-]+$/;
const SHAPE = "USER@REALM!TOKENID=UUID";
/** How OpenSSL, and Node.js for a name that does not fit, say that it is the certificate, not the network. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA/;
const NOT_TLS = /EPROTO|ERR_SSL/;

/** The token as the environment or the vault gives it. */
export const tokenOf = (secrets: readonly LabSecret[]): string | undefined => secretValues(secrets).get(TOKEN_NAME);

/** A token that the provider would refuse, in words of its own and once for every resource. */
export function tokenProblems(secrets: readonly LabSecret[]): readonly Problem[] {
  const token = tokenOf(secrets);
  if (!token || TOKEN.test(token)) return [];
  const usedBy = secrets.find(({ name }) => name === TOKEN_NAME)?.usedBy[0];
  const message = `the API token (proxmox_api_token) does not look like ${SHAPE}`;
  const fix = "give it whole: what pveum user token add calls full-tokenid, =, and its value";
  return [{ ...problem(message, fix, usedBy), rule: "secret-value" }];
}

/**
 * Whether the lab's Proxmox VE can be reached, shows a certificate that is trusted, and accepts the token. Whatever else it
 * answers is Terraform's to judge. The token has the right form.
 *
 * @param environment where a proxy is named, behind which only Terraform finds the host
 */
export async function probeApi(
  lab: Lab,
  secrets: readonly LabSecret[],
  environment: { readonly [name: string]: string | undefined },
): Promise<readonly Problem[]> {
  const token = tokenOf(secrets);
  const isProxied = Boolean(environment.HTTPS_PROXY || environment.https_proxy);
  if (!token || isProxied || !lab.connection.source.of.endpoint) return [];
  try {
    const { status } = await apiGet(lab, "version", token, LIMIT_MS);
    return status === 401 ? [refused(lab)] : [];
  } catch (error) {
    return [unreachable(lab, error as NodeJS.ErrnoException)];
  }
}

function refused({ connection: { endpoint, source } }: Lab): Problem {
  const message = `the Proxmox VE API at ${endpoint} does not accept the API token (401)`;
  return problem(message, `check proxmox_api_token: ${SHAPE}, not expired, of this host`, source.of.endpoint);
}

function unreachable({ connection: { endpoint, source } }: Lab, error: NodeJS.ErrnoException): Problem {
  const { code = "" } = error;
  if (CERTIFICATE.test(code)) {
    const at = source.of.verifyTls ? ` at ${formatPosition(source.of.verifyTls)}` : " in group_vars/all";
    return problem(
      `the certificate of the Proxmox VE API at ${endpoint} is not trusted: ${error.message}`,
      `trust its authority (/etc/pve/pve-root-ca.pem) on this machine and use a name that the certificate has, or write proxmox_validate_certs: false${at}`,
      source.of.endpoint,
    );
  }
  const { port } = source.of;
  return problem(
    NOT_TLS.test(code)
      ? `what answers at ${endpoint} does not speak HTTPS`
      : `the Proxmox VE API at ${endpoint} cannot be reached: ${said(error)}`,
    `check proxmox_api_host and proxmox_api_port${port ? ` (${formatPosition(port)})` : ""}, and that this machine can reach it; a lab that is not built yet can be planned without it: npm run diff -- LAB --offline`,
    source.of.endpoint,
  );
}

const problem = (message: string, fix: string, at: Problem["at"]): Problem => ({
  ...{ rule: "api-unreachable", severity: "error", message, fix },
  ...(at ? { at } : {}),
});
