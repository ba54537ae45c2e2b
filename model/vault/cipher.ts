import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** What every vault text begins with. */
export const VAULT_HEADER = "$ANSIBLE_VAULT;";

/** A password, with the vault id that it belongs to where it has one. */
export interface VaultPassword {
  readonly id?: string;
  readonly password: string | Buffer;
}

export type Decrypted =
  | { readonly plain: Buffer }
  /** `no-password` when there is none to try, `password` when none fits, `format` when the text itself is broken. */
  | { readonly failure: "no-password" | "password" | "format"; readonly message: string; readonly id?: string };

/** Ansible wraps at this many characters. */
const WIDTH = 80;
/** PBKDF2-HMAC-SHA256 with 10,000 rounds gives the keys for AES-256 and the HMAC, and the first counter (ansible/parsing/vault). */
const ROUNDS = 10_000;
const KEY_BYTES = 32;
const BLOCK_BYTES = 16;

/**
 * Encrypts as `ansible-vault encrypt` does: format 1.1, or 1.2 with a vault id.
 *
 * @param id letters, digits, `.`, `_` and `-`; `default` is Ansible's word for none
 */
export function encryptVault(plain: string | Buffer, { id, password }: VaultPassword): string {
  const salt = randomBytes(32);
  const { cipherKey, counter, hmacKey } = keys(password, salt);
  const cipher = createCipheriv("aes-256-ctr", cipherKey, counter);
  const encrypted = Buffer.concat([cipher.update(padded(Buffer.from(plain))), cipher.final()]);
  const parts = [salt, createHmac("sha256", hmacKey).update(encrypted).digest(), encrypted];
  const body = Buffer.from(parts.map((part) => part.toString("hex")).join("\n")).toString("hex");
  const header = id === undefined || id === "default" ? "1.1;AES256" : `1.2;AES256;${id}`;
  return [VAULT_HEADER + header, ...(body.match(new RegExp(`.{1,${WIDTH}}`, "g")) ?? []), ""].join("\n");
}

/** Decrypts vault text with the passwords of its own vault id first, then with all others, as Ansible does by default. */
export function decryptVault(text: string, passwords: readonly VaultPassword[]): Decrypted {
  const envelope = parseEnvelope(text);
  if ("failure" in envelope) return envelope;
  const { encrypted, hmac, id, salt } = envelope;
  const ofId = id === undefined ? {} : { id };
  if (passwords.length === 0) return { failure: "no-password", message: "there is no vault password", ...ofId };
  const inOrder = [...passwords].sort((a, b) => Number(b.id === id) - Number(a.id === id));
  for (const { password } of inOrder) {
    const { cipherKey, counter, hmacKey } = keys(password, salt);
    const expected = createHmac("sha256", hmacKey).update(encrypted).digest();
    if (expected.length !== hmac.length || !timingSafeEqual(expected, hmac)) continue;
    const decipher = createDecipheriv("aes-256-ctr", cipherKey, counter);
    const plain = unpadded(Buffer.concat([decipher.update(encrypted), decipher.final()]));
    return plain ? { plain } : broken("its padding is wrong");
  }
  return { failure: "password", message: `none of the ${passwords.length} vault passwords fits`, ...ofId };
}

interface Envelope {
  readonly salt: Buffer;
  readonly hmac: Buffer;
  readonly encrypted: Buffer;
  readonly id?: string;
}

function parseEnvelope(text: string): Envelope | Extract<Decrypted, { failure: string }> {
  const [header = "", ...lines] = text.trim().split(/\r\n|\r|\n/);
  const [magic, version, cipher, id] = header.split(";").map((part) => part.trim());
  if (`${magic};` !== VAULT_HEADER) return broken(`it does not begin with ${VAULT_HEADER}1.1;AES256`);
  if (version !== "1.1" && version !== "1.2") return broken(`expected format 1.1 or 1.2, got ${version || "none"}`);
  if (cipher !== "AES256") return broken(`expected the cipher AES256, got ${cipher || "none"}`);
  const inner =
    fromHex(lines.map((line) => line.trim()).join(""))
      ?.toString("latin1")
      .split("\n") ?? [];
  const [salt, hmac, encrypted] = inner.map(fromHex);
  if (inner.length !== 3 || !salt || !hmac || !encrypted) return broken("lines are missing or changed");
  return { salt, hmac, encrypted, ...(version === "1.2" && id ? { id } : {}) };
}

const broken = (why: string): Extract<Decrypted, { failure: string }> => ({
  failure: "format",
  message: `this is no vault text that can be read: ${why}`,
});

function fromHex(text: string): Buffer | undefined {
  return /^(?:[0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text, "hex") : undefined;
}

const derived = new Map<string, Buffer>();

/** Whole files and their values often share neither salt nor password, but a run may ask twice for the same text. */
function keys(password: string | Buffer, salt: Buffer) {
  const bytes = Buffer.from(password);
  const name = `${salt.toString("hex")} ${bytes.toString("hex")}`;
  const key = derived.get(name) ?? pbkdf2Sync(bytes, salt, ROUNDS, 2 * KEY_BYTES + BLOCK_BYTES, "sha256");
  derived.set(name, key);
  return {
    cipherKey: key.subarray(0, KEY_BYTES),
    hmacKey: key.subarray(KEY_BYTES, 2 * KEY_BYTES),
    counter: key.subarray(2 * KEY_BYTES),
  };
}

/** PKCS #7. */
function padded(plain: Buffer): Buffer {
  const missing = BLOCK_BYTES - (plain.length % BLOCK_BYTES);
  return Buffer.concat([plain, Buffer.alloc(missing, missing)]);
}

function unpadded(plain: Buffer): Buffer | undefined {
  const added = plain.at(-1) ?? 0;
  const isPadding = added >= 1 && added <= BLOCK_BYTES && plain.length >= added && plain.length % BLOCK_BYTES === 0;
  return isPadding && plain.subarray(-added).every((byte) => byte === added) ? plain.subarray(0, -added) : undefined;
}
