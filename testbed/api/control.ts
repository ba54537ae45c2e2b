import type { Testbed } from "./testbed";

interface Parts {
  readonly inner: Testbed;
  reset(): Promise<void>;
  die(milliseconds: number): Promise<void>;
}

type Parameters = Readonly<Record<string, string>>;

/** What the command line asks of a running testbed. */
export class Control {
  private readonly commands: Readonly<Record<string, (parameters: Parameters) => unknown>>;

  constructor(parts: Parts) {
    const { inner } = parts;
    const { state, faults, backend } = inner;
    this.commands = {
      status: () => ({
        backend: backend.kind,
        nodes: Object.keys(state.nodes),
        guests: Object.values(state.guests).map(({ vmid, node, type, running, config }) => ({
          vmid,
          node,
          type,
          running,
          name: config.hostname ?? config.name ?? "",
        })),
        faults: faults.list(),
      }),
      "add-fault": ({ on = "*", fault = "", times }) =>
        faults.add(on, fault, times === undefined ? undefined : Number(times)),
      "clear-faults": () => faults.clear(),
      "node-offline": ({ node = "" }) => setOnline(inner, node, false),
      "node-online": ({ node = "" }) => setOnline(inner, node, true),
      reset: () => parts.reset(),
      die: ({ milliseconds = "1000" }) => void parts.die(Number(milliseconds)),
    };
  }

  async run(command: string, parameters: Parameters): Promise<unknown> {
    const work = this.commands[command];
    if (!work) throw new Error(`no command "${command}"; there are ${Object.keys(this.commands).join(", ")}`);
    return (await work(parameters)) ?? null;
  }
}

function setOnline(testbed: Testbed, name: string, online: boolean): void {
  const node = testbed.state.nodes[name];
  if (!node) throw new Error(`no node "${name}"; there are ${Object.keys(testbed.state.nodes).join(", ")}`);
  node.online = online;
  testbed.changed();
}
