import { z } from "zod";
import { isIpv4, isIpv6 } from "./addresses";
import { type Advice, Refusal, scalar, show, text } from "./scalar";
import { type SizeUnit, sizeIn } from "./units";

export * from "./addresses";

/*
 * Formats and bounds are Proxmox VE's own: the parameters of POST /nodes/{node}/lxc in the API schema of release 9.2, and
 * the format checks of pve-common (PVE::JSONSchema) and pve-container (PVE::LXC::Config).
 */

interface Bounds {
  readonly min: number;
  readonly max?: number;
  readonly unit?: SizeUnit | "seconds" | "MB/s" | "cores";
}

/** A whole number. Strings of digits pass, because Ansible hands templates' results on as strings. */
export function whole({ min, max, unit }: Bounds) {
  const hint = { type: ["integer", "string"], minimum: min, ...(max === undefined ? {} : { maximum: max }) };
  const noun = unit === undefined || unit === "cores" ? "a whole number" : `a whole number of ${unit}`;
  const range = max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
  return scalar<number>({ ...hint, pattern: "^[0-9]+$" }, (input) => {
    const value = typeof input === "string" && /^\d{1,15}$/.test(input) ? Number(input) : input;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      const meant = typeof input === "string" && isSize(unit) ? sizeIn(unit, input) : undefined;
      const share = unit === "cores" && typeof value === "number" && value > 0;
      const fix = share
        ? `write ${Math.ceil(value)}, and cpu_limit: ${value} for a container that may use less`
        : undefined;
      return new Refusal(noun, meant === undefined || meant < min ? fix : `write ${meant}`);
    }
    if (value < min || (max !== undefined && value > max)) {
      const gib = unit === "MiB" && value > 0 && value < min && min <= 16;
      return new Refusal(noun + range, gib ? `write ${value * 1024} for ${value} GiB` : undefined);
    }
    return value;
  });
}

const isSize = (unit: Bounds["unit"]): unit is SizeUnit => unit === "MiB" || unit === "GiB";

/** A number that may have a fraction. */
export function decimal({ min, max, unit }: Bounds) {
  const noun = `a number${unit === undefined ? "" : ` of ${unit}`} of at least ${min}`;
  const expected = max === undefined ? noun : `${noun} and at most ${max}`;
  return scalar<number>({ type: ["number", "string"], pattern: "^[0-9]+(\\.[0-9]+)?$", minimum: min }, (input) => {
    const value = typeof input === "string" && /^\d{1,9}(\.\d{1,6})?$/.test(input) ? Number(input) : input;
    const fits = typeof value === "number" && Number.isFinite(value) && value >= min && value <= (max ?? value);
    return fits ? value : new Refusal(expected);
  });
}

const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  false: false,
  no: false,
  off: false,
};

export function flag() {
  return scalar<boolean>({ type: "boolean" }, (input) => {
    if (typeof input === "boolean") return input;
    const meant =
      input === 1 || input === "1" || (input === 0 || input === "0" ? false : WORDS[String(input).toLowerCase()]);
    return new Refusal("true or false", typeof meant === "boolean" ? `write ${meant}, without quotes` : undefined);
  });
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  const expected = values.length === 1 ? `"${values[0]}"` : `one of ${values.join(", ")}`;
  return scalar<T[number]>({ type: "string", enum: [...values] }, (input) => {
    const found = values.find((value) => value === input);
    if (found !== undefined) return found;
    const folded = values.find((value) => value === String(input).toLowerCase());
    return new Refusal(expected, folded === undefined ? undefined : `write ${folded}`);
  });
}

// C0 controls and DEL end or corrupt a line of a Proxmox VE configuration file.
const isControl = (code: number) => code < 32 || code === 127;
const oneLine = (value: string) => [...value].every((c) => !isControl(c.codePointAt(0) ?? 0));

const toLabel = (value: string) =>
  value
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");

export const dnsLabel = () =>
  text(
    "a DNS label (letters, digits and inner hyphens, at most 63)",
    /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
    (value) => withoutDomain(value) ?? toLabel(value),
  );

/** A full name is a label and a domain, and the domain has a place of its own. */
function withoutDomain(value: string): Advice | undefined {
  const [label, ...domain] = DNS_NAME.test(value) ? value.split(".") : [];
  if (domain.length === 0) return undefined;
  return {
    fix: `write ${label}; the domain ${domain.join(".")} belongs to dns.domain, or to dns.domain of the network`,
  };
}

const DNS_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;
export const dnsName = () => text("a DNS name such as lab.example.org", DNS_NAME);

/** A host by name or address, without scheme or port. */
export const hostAddress = () =>
  text(
    "a host name or IP address, without https:// and port",
    (value) => (/^[\d.]+$/.test(value) ? isIpv4(value) : DNS_NAME.test(value) || isIpv6(value)),
    (value) => /^[a-z]+:\/\/([^/:]+)/i.exec(value)?.[1] ?? /^([^/:]+):\d+$/.exec(value)?.[1],
  );

/** Proxmox VE refuses multicast addresses: the second digit is even. */
export const mac = () =>
  text("a unicast MAC address such as BC:24:11:00:00:01", /^[A-Fa-f0-9][02468ACEace](:[A-Fa-f0-9]{2}){5}$/, (value) =>
    value.replaceAll("-", ":"),
  );

export const vmid = () => whole({ min: 100, max: 999999999 });
export const vlan = () => whole({ min: 1, max: 4094 });
export const port = () => whole({ min: 1, max: 65535 });

/** Proxmox VE turns tags into lower case, so others would never stop differing. */
export const tag = () =>
  text("a tag (lower-case letters, digits, _ - + .; not starting with - + .)", /^[a-z0-9_][a-z0-9_+.-]*$/, (value) =>
    value.toLowerCase().replaceAll(/\s+/g, "-"),
  );

export const storageName = () =>
  text("a storage's name (letters, digits, - _ .; starting with a letter)", /^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]$/);
/** Linux allows 15 characters in a network interface's name. */
export const interfaceName = () =>
  text("a network interface's name (letters, digits, - _ .; at most 15)", /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/);
export const poolName = () =>
  text("a pool's name (letters, digits, - _ .)", /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/);
export const plainName = () => text("a name (letters, digits, - _ .)", /^[A-Za-z0-9][A-Za-z0-9_.-]*$/);

/** `storage:content/file`, the name by which Proxmox VE knows a file on a storage. */
export const volume = (content: "vztmpl" | "snippets") =>
  text(
    `a volume such as local:${content}/file`,
    new RegExp(`^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]:${content}/[A-Za-z0-9_+.-]+$`),
  );

/** An absolute path that fits in a Proxmox VE option: no `.` or `..` on the way, no comma, no control character. */
export const path = () =>
  text(
    "an absolute path without . or .. parts, commas and line breaks",
    (value) =>
      /^\/[^,]*$/.test(value) && oneLine(value) && !value.split("/").some((part) => part === "." || part === ".."),
    (value) => (/^[\w-]+(\/[\w.-]+)*$/.test(value) ? `/${value}` : undefined),
  );
export const devicePath = () =>
  text("a device file such as /dev/dri/renderD128", /^\/dev\/[A-Za-z0-9_:+-][A-Za-z0-9_:+./-]*$/);

/** Free text on one line, as it ends up in a line of a configuration file. */
export const line = () => text("text on one line", (value) => value.length > 0 && oneLine(value));
export const note = () => text("text", (value) => value.trim().length > 0);
export const description = () =>
  text("text of at most 8192 characters", (value) => value.length <= 8192 && [...value].every(isPrintable));
const isPrintable = (c: string) => c === "\n" || c === "\t" || !isControl(c.codePointAt(0) ?? 0);

export const url = () =>
  text(
    "a URL that starts with http:// or https://",
    (value) => /^https?:\/\/[^\s"'`\\<>]+$/.test(value) && URL.canParse(value),
  );

export const fileMode = () => mode(/^0[0-7]{3}$/, 'a file mode in quotes, four octal digits such as "0660"', "0660");

/** With the setgid and the sticky bit, as `/tmp` has it. */
export const folderMode = () =>
  mode(/^[0-3][0-7]{3}$/, 'a folder\'s mode in quotes, four octal digits such as "0755" or "1777"', "0755");

function mode(pattern: RegExp, expected: string, example: string) {
  return scalar<string>({ type: "string", pattern: pattern.source }, (input) => {
    if (typeof input === "string" && pattern.test(input)) return input;
    if (typeof input === "number") return new Refusal(expected, quotedMode(input, pattern, example));
    const padded = typeof input === "string" && /^[0-7]{3}$/.test(input) ? `0${input}` : example;
    return new Refusal(expected, `write "${padded}", not ${show(input)}`);
  });
}

/** YAML reads 0440 as the number 288 and 440 as 440: which of the two stood there cannot be told from the number. */
function quotedMode(input: number, pattern: RegExp, example: string): string {
  const octal = input.toString(8).padStart(4, "0");
  const decimal = String(input).padStart(4, "0");
  const readings = [
    ...(pattern.test(octal)
      ? [`"${octal}" where 0${octal.replace(/^0/, "")} stands, which YAML reads as ${input}`]
      : []),
    ...(pattern.test(decimal) ? [`"${decimal}" where ${input} stands`] : []),
  ];
  return `write it in quotes: ${readings.join(", ") || `"${example}"`}`;
}

/** Letters, digits, `-` and `_`, not starting with a digit: what Terraform accepts as a resource's name. */
export const TERRAFORM_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** A name of that kind for one that is none. */
export const terraformName = (name: string) =>
  name
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/-+$/, "")
    .replace(/^(?=\d|-|$)/, "h");
export const NODE_NAME = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/;

/** A checksum in hexadecimal digits. */
export const hex = (digits: number) =>
  text(`${digits} hexadecimal digits`, new RegExp(`^[0-9a-f]{${digits}}$`), (value) => value.toLowerCase().trim());

/** The name of an environment variable; Proxmox VE accepts letters, digits and `_`. */
export const environmentName = () => text("a variable's name (letters, digits, _)", /^[A-Za-z_][A-Za-z0-9_]*$/);

export const sshHostKey = () =>
  text(
    'a public host key such as "ecdsa-sha2-nistp256 AAAA…"',
    /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( \S.*)?$/,
    () => ({ fix: "copy the line of ssh-keyscan -t ecdsa NODE without the host's name" }),
  );

export const checksum = () =>
  text("a SHA-256 or SHA-512 checksum (64 or 128 hexadecimal digits)", /^([0-9a-f]{64}|[0-9a-f]{128})$/, (value) =>
    value.toLowerCase().trim(),
  );

/** The file names of container templates that Proxmox VE lists under `vztmpl`. */
export const templateFile = () =>
  text("a file name that ends in .tar.gz, .tar.xz or .tar.zst", /^[A-Za-z0-9_][A-Za-z0-9_+.-]*\.tar\.(gz|xz|zst)$/);

export const pciId = () =>
  text("a PCI address such as 0000:03:00.0", /^([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}(\.[0-7])?$/, (value) =>
    value.toLowerCase(),
  );

/** Vendor and device of PCI, or vendor and product of USB, as lspci -n and lsusb print them. */
export const pciVendorDevice = () =>
  text("vendor and device such as 10de:1b38", /^[0-9a-f]{4}:[0-9a-f]{4}$/, (value) =>
    value.toLowerCase().replace(/^0x/, "").replace(":0x", ":"),
  );

/** Bus and ports on the way, as lsusb -t counts them. */
export const usbPath = () => text("a USB port such as 1-2 or 1-8.2", /^\d+-\d+(\.\d+)*$/);

/** What Proxmox VE takes for the id of a mapping, a plugin or a metric server (its format pve-configid). */
export const mappingName = () =>
  text("a name of two or more letters, digits, - and _, starting with a letter", /^[A-Za-z][A-Za-z0-9_-]+$/);

/**
 * A zone of tzdata by its name. Beside those lie, under /usr/share/zoneinfo, names that stand for no zone (`localtime`, which is
 * a link to the system's own), and every zone once more: under `posix/` the same, under `right/` with leap seconds, 27 s away.
 */
export const timeZone = () =>
  text(
    "a time zone such as Europe/Berlin",
    /^(?!(Factory|leapseconds|localtime|posixrules)$|(posix|right)\/)[A-Za-z][\w+-]*(\/[\w+-]+)*$/,
    (value) => value.trim().replace(/^(posix|right)\//, ""),
  );

/** A path below the folder the command runs in. */
export const relativePath = () =>
  text(
    "a relative path without ..",
    (value) => /^[A-Za-z0-9_][A-Za-z0-9_./-]*$/.test(value) && !value.split("/").includes(".."),
  );

/** Letters, digits and single hyphens between them, 39 at most: what GitHub accepts for a new account. */
export const githubAccount = () => text("a GitHub account", /^(?=.{1,39}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/);

export const userName = () => text("a user's name", /^[a-z_][a-z0-9_-]{0,31}$/);

/** Any text that a shell's variable can hold: all but NUL. */
export const anyText = () =>
  z.string().refine((value) => !/\0|\p{Surrogate}/u.test(value), { params: { expected: "text without NUL" } });
