import { createHash } from "node:crypto";
import type { Upload } from "./call";
import { PveError } from "./errors";
import type { RawParameters } from "./schema/validate";

const MAX_FORM_BYTES = 512 * 1024;

export interface RequestBody {
  readonly parameters: RawParameters;
  readonly upload?: Upload;
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replace(/\+/g, " "));
  } catch {
    return text;
  }
};

/**
 * Reads `a=1&b=2` as Proxmox VE does: `;` separates too, a repeated key makes a list, and a second `=` that is
 * not encoded ends the value.
 */
export function parseForm(text: string): RawParameters {
  const values: Record<string, string | string[]> = {};
  for (const pair of text.split(/[&;]/)) {
    if (pair === "") continue;
    const [key = "", value = ""] = pair.split("=");
    const name = decode(key);
    const known = values[name];
    const fresh = decode(value);
    values[name] = known === undefined ? fresh : [known, fresh].flat();
  }
  return values;
}

/** Reads a request's body by its content type; throws the refusal of Proxmox VE's server. */
export function parseBody(method: string, contentType: string | undefined, body: Buffer | undefined): RequestBody {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (body === undefined || body.length === 0) return { parameters: {} };
  if (method === "GET" || method === "DELETE") {
    throw new PveError(501, `Unexpected content for method '${method}'`);
  }
  if (type === "multipart/form-data") return parseMultipart(contentType ?? "", body);
  if (body.length > MAX_FORM_BYTES) throw new PveError(501, "for data too large");
  if (type === "application/json") return { parameters: parseJson(body.toString("utf8")) };
  if (type === "application/x-www-form-urlencoded" || type === "") {
    return { parameters: parseForm(body.toString("utf8")) };
  }
  throw new PveError(506, `upload 'Content-Type '${contentType}' not implemented`);
}

function parseJson(text: string): RawParameters {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as RawParameters;
  } catch {
    // answered below: a list or a number is as wrong as broken JSON
  }
  throw new PveError(500, "malformed JSON string, neither tag, array, object, number, string or atom");
}

function parseMultipart(contentType: string, body: Buffer): RequestBody {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) throw new PveError(501, "multipart upload without boundary");
  const parameters: Record<string, string> = {};
  let upload: Upload | undefined;
  for (const part of multipartParts(body, `--${boundary}`)) {
    const name = /\bname="([^"]*)"/i.exec(part.head)?.[1] ?? "";
    const fileName = /filename="([^"]*)"/i.exec(part.head)?.[1];
    if (fileName === undefined) {
      parameters[name] = part.contents.toString("utf8");
    } else {
      parameters[name] = fileName;
      upload = fileUpload(fileName, part.contents);
    }
  }
  return upload ? { parameters, upload } : { parameters };
}

function* multipartParts(body: Buffer, delimiter: string): Generator<{ head: string; contents: Buffer }> {
  let at = body.indexOf(delimiter);
  while (at !== -1) {
    const start = at + delimiter.length + 2;
    const next = body.indexOf(`\r\n${delimiter}`, start);
    const headEnd = body.indexOf("\r\n\r\n", start);
    if (next === -1 || headEnd === -1 || headEnd > next) return;
    yield { head: body.toString("utf8", start, headEnd), contents: body.subarray(headEnd + 4, next) };
    at = next + 2;
  }
}

const fileUpload = (fileName: string, contents: Buffer): Upload => ({
  fileName,
  contents,
  size: contents.length,
  digest: (algorithm) => createHash(algorithm).update(contents).digest("hex"),
});
