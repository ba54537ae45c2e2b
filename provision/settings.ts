import { z } from "zod";
import { hex, url } from "../model/schema/formats";
import { text } from "../model/schema/scalar";

/*
 * Settings that several roles share.
 */

/**
 * The pattern of a package's name in Debian, Ubuntu and Alpine. apt-get takes `cron-` for an order to remove cron. Names do end in
 * `+`: g++, memtest86+.
 */
export const PACKAGE_NAME = "[a-z0-9]([A-Za-z0-9+._-]*[A-Za-z0-9+])?";

/** A version of a package, as a pattern. apt-get takes a `-` or `+` at its end for an order. */
export const PACKAGE_VERSION = "[0-9A-Za-z.:+~_-]*[0-9A-Za-z~]";

/** A package of Debian, Ubuntu or Alpine. */
export const packageName = () =>
  text("a package's name such as htop", new RegExp(`^${PACKAGE_NAME}$`), (value) => value.toLowerCase());

/**
 * journald.conf's SystemMaxUse. journald makes 1M of less (journal_reset_metrics in systemd's journal-file.c), and passes over what
 * 64 bits cannot hold (parse_size); both are outside of these digits.
 */
export const journalSize = () =>
  text(
    "a size from 1M on, such as 200M or 1G, of no more digits than a disk can have",
    /^[1-9]([0-9]{6,14}|[0-9]{3,14}K|[0-9]{0,11}M|[0-9]{0,8}G|[0-9]{0,5}T)$/,
    (value) =>
      value
        .toUpperCase()
        .replace(/\s*(I?B)$/, "")
        .replace(/\s+/, ""),
  );

/** journald.conf's MaxRetentionSec. journald passes over what 64 bits of microseconds cannot hold: 584,542 years. */
export const journalAge = () =>
  text(
    "a time such as 31day, in s, min, h, day, week, month or year, of at most 99999 of the longer ones",
    /^[1-9]([0-9]{0,8}(s|min|h)|[0-9]{0,4}(day|week|month|year))$/,
    (value) =>
      /^[1-9][0-9]*d?$/.test(value)
        ? `${value.replace("d", "")}day`
        : value.replace(/\s+/, "").replace(/([^s])s$/, "$1"),
  );

const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const HOST = `((${OCTET}\\.){3}${OCTET}|\\[[0-9a-f:]+\\]|(?![0-9.]+:)[a-z0-9][a-z0-9.-]*)`;
const PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

/** Where a program of Prometheus listens. */
export const listenAddress = () =>
  text(
    "an address and a port up to 65535 such as 10.0.0.5:9100, or a port alone such as :9100",
    new RegExp(`^${HOST}?:${PORT}$`),
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
