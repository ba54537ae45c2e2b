import { run } from "./shell";

/** One archive that the host's apt is configured to use. */
export interface Mirror {
  /** `http://mirror.example.org/debian/` */
  readonly uri: string;
  readonly release: string;
  readonly components: readonly string[];
  readonly distribution: "debian" | "ubuntu" | undefined;
}

/** What the host's apt is configured with, which is all that guests may use too. */
export interface AptSetup {
  readonly mirrors: readonly Mirror[];
  /** Proxy of the host's own apt for http, if any. */
  readonly proxy?: string;
  /** Settings that guests need as well, because they see the same archives: lines for apt.conf. */
  readonly settings: readonly string[];
}

const SHARED_SETTINGS = /^Acquire::Check-(Valid-Until|Date) /;

export async function readAptSetup(): Promise<AptSetup> {
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)";
  const [targets, settings] = await Promise.all([
    run("apt-get", ["indextargets", "--format", format, "Identifier: Packages"]),
    run("apt-config", ["dump"]),
  ]);
  const lines = settings.split("\n");
  const proxy = lines.map((line) => /^Acquire::http::Proxy "(http[^"]+)";/.exec(line)?.[1]).find((found) => found);
  return {
    mirrors: parseTargets(targets),
    settings: lines.filter((line) => SHARED_SETTINGS.test(line)),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

/** Reads lines of `uri release component origin`, one for each index, into one entry for each archive and release. */
export function parseTargets(text: string): Mirror[] {
  const found = new Map<string, Mirror>();
  for (const line of text.split("\n")) {
    const [uri, release, component, origin = ""] = line.trim().split(" ");
    if (!uri || !release || !component) continue;
    const key = `${uri} ${release}`;
    const components = [...new Set([...(found.get(key)?.components ?? []), component])];
    found.set(key, { uri, release, components, distribution: distributionOf(uri, origin) });
  }
  return [...found.values()];
}

function distributionOf(uri: string, origin: string): Mirror["distribution"] {
  // The origin is known after an `apt-get update`; before it, the path must do.
  if (origin === "Debian" || (origin === "" && uri.includes("debian"))) return "debian";
  if (origin === "Ubuntu" || (origin === "" && uri.includes("ubuntu"))) return "ubuntu";
  return undefined;
}

/**
 * The sources.list lines of a release, on the archives that the host uses for its own.
 * @returns `undefined` when the host is configured with no archive of that distribution
 */
export function sourcesFor(setup: AptSetup, distribution: "debian" | "ubuntu", codename: string): string | undefined {
  const own = setup.mirrors.filter((mirror) => mirror.distribution === distribution);
  const security = own.find((mirror) => mirror.release.endsWith("-security"));
  const main = own.find((mirror) => !mirror.release.includes("-"));
  if (!main) return undefined;
  const components = distribution === "ubuntu" ? "main universe" : "main";
  return [
    `deb ${main.uri} ${codename} ${components}`,
    `deb ${main.uri} ${codename}-updates ${components}`,
    ...(security ? [`deb ${security.uri} ${codename}-security ${components}`] : []),
    "",
  ].join("\n");
}
