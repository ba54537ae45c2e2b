/** An account's public keys, or what is wrong. */
export type Fetched = { readonly keys: readonly string[] } | { readonly problem: string; readonly fix: string };

export const GITHUB = "https://github.com";

const KEY = /^((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})$/;
const TIMEOUT_MS = 15_000;

/** Asks GitHub for the keys that an account logs in with: `https://github.com/<account>.keys`, one a line. */
export async function fetchKeys(account: string, base: string): Promise<Fetched> {
  const url = `${base.replace(/\/+$/, "")}/${account}.keys`;
  let response: Response;
  let text: string;
  try {
    // A name that leads elsewhere was given up, and may be anyone's tomorrow.
    response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await response.text();
  } catch (error) {
    return { problem: `${url} does not answer: ${reason(error)}`, fix: "try again with a network that reaches it" };
  }
  if (response.status === 404) return { problem: `there is no account "${account}" (${url})`, fix: "check the name" };
  if (response.status >= 300 && response.status < 400)
    return { problem: `the account "${account}" has another name by now (${url})`, fix: "write its new name" };
  if (!response.ok)
    return { problem: `${url} answers ${response.status} ${response.statusText}`.trim(), fix: "try again later" };
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) {
    const fix = "add one there, or take the account out of github_accounts";
    return { problem: `the account "${account}" has no SSH keys`, fix };
  }
  const odd = lines.find((line) => !isKey(line));
  if (odd !== undefined)
    return {
      problem: `${url} answers something that is no SSH key: ${JSON.stringify(odd.slice(0, 40))}`,
      fix: "check what is behind that address",
    };
  return { keys: lines };
}

/** A key names its type twice: in front, and inside (RFC 4253, section 6.6). */
function isKey(line: string): boolean {
  const [, type, body = ""] = KEY.exec(line) ?? [];
  const bytes = Buffer.from(body, "base64");
  return type !== undefined && bytes.length > 4 && bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString() === type;
}

function reason(error: unknown): string {
  const { cause, message, name } = error as Error & { cause?: { code?: string; message?: string } };
  return name === "TimeoutError" ? `nothing within ${TIMEOUT_MS / 1000} s` : (cause?.code ?? cause?.message ?? message);
}
