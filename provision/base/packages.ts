type Variable = (name: string) => unknown;

/** A setting by which the role base installs a package. */
interface Wanted {
  readonly setting: string;
  /** What to write so that it does not. */
  readonly otherwise: string;
}

const mappings = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  (Array.isArray(value) ? value : []).filter((each) => typeof each === "object" && each !== null);

/**
 * Packages that the role base installs in a Debian or Ubuntu of a host with these variables, which may be wrong, by name: what
 * `set_packages` in apply.sh asks for, and the node exporter.
 */
export function packagesOfBase(variable: Variable): ReadonlyMap<string, Wanted> {
  const result = new Map<string, Wanted>();
  const want = (name: string, setting: string, otherwise: string) => result.set(name, { setting, otherwise });
  const listed = variable("base_packages");
  if (variable("base_timezone")) want("tzdata", "base_timezone", "take base_timezone away");
  const locale = variable("base_locale");
  if (typeof locale === "string" && !["", "C", "POSIX", "C.UTF-8"].includes(locale))
    want("locales", "base_locale", "take base_locale away");
  if (mappings(variable("base_users")).some(({ sudo }) => sudo === true))
    want("sudo", "base_users", "take sudo from all of base_users");
  if (variable("base_security_upgrades") !== false)
    want("unattended-upgrades", "base_security_upgrades", "write base_security_upgrades: false");
  if (variable("base_node_exporter") === true)
    want("prometheus-node-exporter", "base_node_exporter", "write base_node_exporter: false");
  for (const name of Array.isArray(listed) ? listed : [])
    if (typeof name === "string") want(name, "base_packages", `take ${name} from base_packages`);
  return result;
}
