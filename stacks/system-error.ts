import { relative } from "node:path";
import { getSystemErrorMap } from "node:util";
import type { Problem } from "../model/problem";

interface SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly path?: string;
}

/** Whether the operating system refused something: a full disk, a folder without rights, a file in a folder's place. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && "errno" in error && typeof error.errno === "number" && "code" in error;
}

/** `cdktf.out/stacks: not a directory (ENOTDIR)`. */
export function said(error: NodeJS.ErrnoException): string {
  const [code, text] = (error.errno === undefined ? undefined : getSystemErrorMap().get(error.errno)) ?? [];
  const reason = code === undefined || text === undefined ? error.message : `${text} (${code})`;
  const near = error.path === undefined ? "" : relative("", error.path) || ".";
  return error.path === undefined ? reason : `${near.startsWith("../..") ? error.path : near}: ${reason}`;
}

/** For the folder that the Terraform JSON is written to. */
export const notWritten = (error: SystemError, outdir: string): Problem => ({
  rule: "output-folder",
  severity: "error",
  message: `expected to write to ${outdir}: ${said(error)}`,
  fix: "make room for it there, or set CDKTF_OUTDIR to another folder",
});
