/** An answer that is no success, in the words and with the status of Proxmox VE. */
export class PveError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errors?: Readonly<Record<string, string>>,
  ) {
    super(message);
  }
}

/** Proxmox VE's plain `die`: status 500, the text is the reason and, with a newline, the message. */
export const failure = (text: string): PveError => new PveError(500, text);

/** Status 400 with one text per wrong parameter. */
export const invalid = (errors: Readonly<Record<string, string>>): PveError =>
  new PveError(400, "Parameter verification failed.", errors);

/** Status 403; `what` is the path and the privileges, or a sentence. */
export const denied = (what?: string): PveError =>
  new PveError(403, `Permission check failed${what === undefined ? "" : ` (${what})`}`);

/** The first line of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
