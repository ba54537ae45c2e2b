import { createHash } from "node:crypto";
import { failure } from "../errors";

export const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex");

/** Digest of a configuration that has no file of its own: the empty file's when it is empty. */
export function digestOf(value: object): string {
  const isEmpty = Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
  return sha1(isEmpty ? "" : JSON.stringify(value));
}

/** Refuses a change that was made for another state of the file. */
export function requireDigest(current: string, expected: string | undefined): void {
  if (expected !== undefined && expected !== "" && expected !== current) {
    throw failure("detected modified configuration - file changed by other user? Try again.");
  }
}
