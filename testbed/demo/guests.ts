import type { Guest, Lab } from "../../model/lab";
import type { LocalAnswer } from "../api/index";
import { lastLine } from "../guests/shell";
import { ssh } from "../guests/ssh";
import type { RunInfo } from "../run-files";
import type { Ask } from "./credentials";
import { TIME_ZONE } from "./project";

export interface ShownGuest {
  readonly name: string;
  readonly vmid: number;
  readonly status: string;
  readonly address: string;
  readonly cores: string;
  readonly memoryMiB: string;
  readonly tags: string;
  /** What was found inside; absent for an inert guest. */
  readonly inside?: Inside;
}

export interface Inside {
  readonly hostname: string;
  readonly system: string;
  readonly timeZone: string;
  readonly docker: string;
}

/** Says what can be seen from within; runs in the guest. */
const LOOK = `
. /etc/os-release
echo "hostname $(hostname)"
echo "system $PRETTY_NAME"
echo "timeZone $(readlink /etc/localtime | sed s,.*/zoneinfo/,,)"
echo "docker $(docker version --format '{{.Server.Version}}' 2>/dev/null), compose $(docker compose version --short 2>/dev/null)"
`;

/** A Docker image needs no registry when it is made of the guest's own shell. */
const HELLO = `
cd /
tar -ch bin/sh $(ldd /bin/sh | grep -o '/lib[^ ]*') 2>/dev/null | docker import - demo >/dev/null
docker run --rm --hostname in-docker demo /bin/sh -c 'read -r name </proc/sys/kernel/hostname && echo "$name: process $$ of its own container"'
`;

type Node = RunInfo["nodes"][number];

/** Every guest of the lab as the API has it, and as it is from within. */
export function showGuests(lab: Lab, ask: Ask, node: Node): Promise<ShownGuest[]> {
  return Promise.all(lab.guests.map(({ name, vmid, node: on }) => showGuest({ name, vmid, on }, ask, node)));
}

export const isContainerWith = (guest: Guest, capability: string): boolean =>
  guest.kind === "container" && guest.capabilities.some(({ kind }) => kind === capability);

/** In what a guest is not as the inventory says, a line each. */
export function differences(guest: Guest, shown: ShownGuest | undefined): string[] {
  const expected: [what: string, wanted: string, found: string | undefined][] = [
    ["status", "running", shown?.status],
    ["cores", String(guest.cores), shown?.cores],
    ["memory", String(guest.memoryMiB), shown?.memoryMiB],
  ];
  if (shown?.inside) {
    const { docker, hostname, timeZone } = shown.inside;
    expected.push(["hostname", guest.hostname, hostname], ["time zone", TIME_ZONE, timeZone]);
    if (isContainerWith(guest, "docker") && !/^\d.*, compose \d/.test(docker))
      expected.push(["docker", "an engine that answers, with compose", docker]);
  }
  return expected
    .filter(([, wanted, found]) => wanted !== found)
    .map(([what, wanted, found = "nothing"]) => `${guest.name}: ${what}: expected ${wanted}, got ${found}`);
}

async function showGuest(
  { name, on, vmid }: { name: string; vmid: number; on: string },
  ask: Ask,
  node: Node,
): Promise<ShownGuest> {
  const get = (path: string) => ask({ method: "GET", path: `/nodes/${on}/lxc/${vmid}${path}`, parameters: {} });
  const [config, status] = (await Promise.all([get("/config"), get("/status/current")])).map(dataOf);
  return {
    name,
    vmid,
    status: String(status?.status),
    address: /ip=([^,/]+)/.exec(String(config?.net0))?.[1] ?? "",
    cores: String(config?.cores),
    memoryMiB: String(config?.memory),
    tags: String(config?.tags ?? "").replaceAll(";", " "),
    ...(node.sshPort === undefined ? {} : { inside: await look(node, vmid) }),
  };
}

function dataOf({ data, message, status }: LocalAnswer): Readonly<Record<string, unknown>> {
  if (status >= 400) throw new Error(`the API answered ${status} ${message ?? ""}`);
  return data as Readonly<Record<string, unknown>>;
}

async function look(node: Node, vmid: number): Promise<Inside> {
  const lines = (await inGuest(node, vmid, LOOK)).split("\n");
  const value = (key: string): string => lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1) ?? "";
  return {
    hostname: value("hostname"),
    system: value("system"),
    timeZone: value("timeZone"),
    docker: value("docker"),
  };
}

/** Runs a Docker container in a guest. @returns what it said, or why it did not run, in a line for the user */
export async function helloFromDocker(
  node: Node,
  guest: { readonly name: string; readonly vmid: number },
): Promise<string> {
  try {
    return `A Docker container in ${guest.name} says: ${(await inGuest(node, guest.vmid, HELLO)).trim()}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // All guests of all testbeds count as one user, and each service and each container of theirs takes a key.
    const remedy = /quota exceeded/.test(reason)
      ? "; this machine's guests have no kernel keys left: sysctl kernel.keys.maxkeys=2000 kernel.keys.maxbytes=200000"
      : "";
    return `A Docker container did not start in ${guest.name}: ${reason}${remedy}`;
  }
}

/** As the steps reach a guest: SSH to the node, and there `pct exec`. @throws Error with the last line of a failure */
async function inGuest(node: Node, vmid: number, script: string): Promise<string> {
  const { address = "127.0.0.1", privateKeyFile = "", sshPort = 0 } = node;
  const { code, errors, output } = await ssh({ address, privateKeyFile, sshPort }, `pct exec ${vmid} -- sh`, script);
  if (code === 0) return output;
  throw new Error(lastLine(errors) ?? `pct exec ended with exit code ${code}`);
}
