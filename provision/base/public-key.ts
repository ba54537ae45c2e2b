const ED25519_BYTES = 32;

/** How many strings follow the type: RFC 4253 (section 6.6), 5656 (3.1), 8709 (4), and OpenSSH's PROTOCOL.u2f. */
const FIELDS: Readonly<Record<string, number>> = {
  "ssh-dss": 4,
  "ssh-rsa": 2,
  "ssh-ed25519": 1,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
  "sk-ssh-ed25519@openssh.com": 2,
  "sk-ecdsa-sha2-nistp256@openssh.com": 3,
};

/**
 * What is wrong inside of a line of authorized_keys, which sshd would pass over without a word: `type base64 comment`. What the base64
 * stands for are strings, each behind its length in four bytes, of which the first is the type again (RFC 4253, section 6.6).
 */
export function damageOf(line: string): string | undefined {
  const [type = "", body = ""] = line.split(" ");
  const blob = Buffer.from(body, "base64");
  const [inner, ...fields] = (blob.toString("base64") === body && fieldsOf(blob)) || [];
  if (inner === undefined) return CUT;
  if (inner.toString() !== type) return `its base64 part is no ${type} key`;
  if (fields.length !== (FIELDS[type] ?? fields.length)) return CUT;
  return type === "ssh-ed25519" && fields[0]?.length !== ED25519_BYTES ? CUT : undefined;
}

const CUT = "its base64 part is cut off or damaged";

/** The strings that a blob is made of; undefined when they do not end where it ends. */
function fieldsOf(blob: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
