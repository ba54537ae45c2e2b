import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Connections } from "../../../cli/ssh/connections";
import { temporaryFolder } from "../../support/run-step";

describe("the key of a machine, as drift and rebuild ask ssh to check it,", () => {
  async function asked(hostKey?: string): Promise<string> {
    const bin = temporaryFolder();
    const script = `#!/bin/sh\n/bin/echo "$*" >>"${bin}/asked"\necho 'Host key verification failed.' >&2\nexit 255\n`;
    writeFileSync(join(bin, "ssh"), script, { mode: 0o755 });
    const connections = await Connections.open({ PATH: bin });
    const login = { host: "pve1", port: 22, user: "root", ...(hostKey === undefined ? {} : { hostKey }) };
    const { errors } = await connections.run(login, "true", 0);
    await connections.close();
    return `${readFileSync(join(bin, "asked"), "utf8")}${errors}`;
  }

  it("is taken when it is new and the inventory has none, and must be the inventory's else", async () => {
    expect(await asked()).toMatch(/StrictHostKeyChecking=accept-new [\s\S]*knows another key for it.*ssh-keygen -R/);
    const strict = await asked("ssh-ed25519 AAAA");
    expect(strict).toMatch(/StrictHostKeyChecking=yes -o UserKnownHostsFile=[\s\S]*correct ssh_host_key/);
    expect(strict).not.toContain("accept-new");
  });
});
