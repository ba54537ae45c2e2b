import type { GuestBackend, GuestConfig } from "../../../testbed/api/guest-backend";
import type { LocalAnswer, LocalApi, LocalCall } from "../../../testbed/guests/local-api";

/** The least of an API that `pct` can talk to: keeps configurations, does as told at once, has one task. */
export class MiniApi {
  readonly configs = new Map<number, GuestConfig>();
  backend?: GuestBackend;
  private failed = "";

  readonly call: LocalApi = async (call) => {
    if (call.path.includes("/tasks/")) return this.task(call);
    const [, node = "", vmid, rest = ""] = /^\/nodes\/([^/]+)\/lxc(?:\/(\d+))?(?:\/(.*))?$/.exec(call.path) ?? [];
    if (vmid === undefined) return { status: 200, data: await this.list(node) };
    const config = this.configs.get(Number(vmid));
    if (!config)
      return { status: 500, message: `Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist\n` };
    return this.guest({ node, vmid: Number(vmid) }, config, rest, call);
  };

  private async guest(
    ref: { node: string; vmid: number },
    config: GuestConfig,
    rest: string,
    { method, parameters }: LocalCall,
  ): Promise<LocalAnswer> {
    const { backend } = this;
    if (!backend) throw new Error("no backend");
    if (rest === "config" && method === "GET") return { status: 200, data: { ...config, digest: "0" } };
    if (rest === "config") {
      const after = { ...config, ...parameters };
      this.configs.set(ref.vmid, after);
      const change = { config: after, changed: Object.keys(parameters), removed: [] };
      if ((await backend.status(ref)).running) await backend.hotplug(ref, change);
      return { status: 200, data: null };
    }
    if (rest === "status/current") return { status: 200, data: { status: await this.state(ref.node, ref.vmid) } };
    const log = (): void => undefined;
    const actions: Record<string, () => Promise<void>> = {
      "status/start": () => backend.start(ref, config, log),
      "status/stop": () => backend.stop(ref, log),
      "status/shutdown": () => backend.shutdown(ref, 20, log),
      "status/reboot": () => backend.reboot(ref, config, 20, log),
    };
    this.failed = await (actions[rest]?.() ?? Promise.reject(new Error(rest))).then(
      () => "",
      (error: Error) => error.message,
    );
    return { status: 200, data: `UPID:${ref.node}:task` };
  }

  private task({ path }: LocalCall): LocalAnswer {
    if (path.endsWith("/log")) return { status: 200, data: [{ n: 1, t: "TASK OK" }] };
    return { status: 200, data: { status: "stopped", exitstatus: this.failed || "OK" } };
  }

  private list(node: string): Promise<unknown[]> {
    const guests = [...this.configs].map(async ([vmid, config]) => ({
      vmid,
      name: config.hostname,
      status: await this.state(node, vmid),
    }));
    return Promise.all(guests);
  }

  private async state(node: string, vmid: number): Promise<string> {
    return (await this.backend?.status({ node, vmid }))?.running ? "running" : "stopped";
  }
}
