import { z } from "zod";
import { hex, url } from "../model/schema/formats";
import { text } from "../model/schema/scalar";

/*
 * Settings that several roles share.
 */

/** A package of Debian, Ubuntu or Alpine. */
export const packageName = () =>
  text("a package's name such as htop", /^[a-z0-9][a-z0-9+.-]*$/, (value) => value.toLowerCase());

/** journald.conf's SystemMaxUse. */
export const journalSize = () =>
  text("a size such as 200M or 1G", /^[1-9][0-9]*[KMGT]?$/, (value) =>
    value
      .toUpperCase()
      .replace(/\s*(I?B)$/, "")
      .replace(/\s+/, ""),
  );

/** journald.conf's MaxRetentionSec. */
export const journalAge = () =>
  text(
    "a time such as 31day, in s, min, h, day, week, month or year",
    /^[1-9][0-9]*(s|min|h|day|week|month|year)$/,
    (value) =>
      /^[1-9][0-9]*d?$/.test(value)
        ? `${value.replace("d", "")}day`
        : value.replace(/\s+/, "").replace(/([^s])s$/, "$1"),
  );

/** Where a program of Prometheus listens. */
export const listenAddress = () =>
  text(
    "an address and a port such as 10.0.0.5:9100, or a port alone such as :9100",
    /^([0-9.]+|\[[0-9a-f:]+\]|[a-z0-9][a-z0-9.-]*)?:[1-9][0-9]{0,4}$/,
    (value) => (/^[0-9]+$/.test(value) ? `":${value}"` : undefined),
  );

/** One schema for all roles. */
const runfile = z
  .strictObject({
    version: text("a driver's version such as 580.95.05", /^[0-9]{3,4}\.[0-9]{1,4}(\.[0-9]{1,4})?$/).describe(
      "The driver's version, which must be that of the node's kernel module.",
    ),
    url: url()
      .optional()
      .describe("Where it is downloaded from: https://us.download.nvidia.com/XFree86/…/NVIDIA-Linux-….run"),
    path: text("an absolute path", /^\/[^\p{Cc}]+$/u)
      .optional()
      .describe("Where it is in the guest, such as a mount that several guests share."),
    sha256: hex(64).describe("Its SHA-256 checksum; a file with another one is not run."),
  })
  .superRefine((value, context) => {
    if ((value.url === undefined) !== (value.path === undefined)) return;
    const message = value.url ? "both url and path are set" : "neither url nor path is set";
    context.addIssue({ code: "custom", message, params: { fix: "write one of url and path" } });
  })
  .meta({ description: "NVIDIA's own installer." });

/** NVIDIA's own installer, of which a node and its containers need one version. */
export const nvidiaRunfile = () => runfile;
