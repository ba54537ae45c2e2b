import { request } from "node:https";
import { startTestbed, type Testbed } from "../../../testbed/api/index";

interface Answer {
  readonly status: number;
  readonly json: { data?: unknown; message?: string };
}

describe("faults on demand", () => {
  let testbed: Testbed;

  const call = (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    form?: Record<string, string>,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const authorization = `PVEAPIToken=${testbed.credentials.rootToken}`;
      const type = form ? { "content-type": "application/x-www-form-urlencoded" } : {};
      const options = { method, rejectUnauthorized: false, headers: { authorization, ...type, ...headers } };
      const sent = request(`${testbed.url}/api2/json${path}`, options, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, json: text === "" ? {} : JSON.parse(text) }),
        );
      });
      sent.on("error", reject);
      sent.end(form ? new URLSearchParams(form).toString() : undefined);
    });

  const create = (vmid: number, headers: Record<string, string> = {}): Promise<Answer> =>
    call("POST", "/nodes/pve1/lxc", headers, {
      ...{ vmid: String(vmid), ostemplate: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst" },
      storage: "local-lvm",
    });

  beforeAll(async () => {
    testbed = await startTestbed({ authDelayMs: 0 });
  });

  beforeEach(async () => {
    testbed.faults.clear();
    await testbed.reset();
  });

  afterAll(() => testbed.close());

  it("answers 596 without a body, as a proxy does", async () => {
    const answer = await call("GET", "/version", { "x-testbed-fault": "status=596" });
    expect(answer).toEqual({ status: 596, json: {} });
  });

  it("answers 500 with the text that was asked for, so often as was asked for", async () => {
    testbed.faults.add("GET /version", "status=500 out of order", 1);
    expect(await call("GET", "/version")).toMatchObject({ status: 500, json: { message: "out of order\n" } });
    expect((await call("GET", "/version")).status).toBe(200);
  });

  it("cuts the connection after the work, or before it", async () => {
    await expect(create(101, { "x-testbed-fault": "cut" })).rejects.toThrow();
    await expect(create(102, { "x-testbed-fault": "cut-before" })).rejects.toThrow();
    expect(Object.keys(testbed.state.guests)).toEqual(["101"]);
  });

  it("lets a task fail, or take its time", async () => {
    const failing = await create(101, { "x-testbed-fault": "fail-task=no luck" });
    await testbed.settled();
    expect(testbed.state.tasks.at(-1)).toMatchObject({ upid: failing.json.data, exitstatus: "no luck" });
    await create(102, { "x-testbed-fault": "slow-task=200" });
    expect(testbed.state.tasks.at(-1)?.exitstatus).toBeUndefined();
    await testbed.settled();
    expect(testbed.state.tasks.at(-1)?.exitstatus).toBe("OK");
  });

  it("has a full storage, and locked guests", async () => {
    await create(101, { "x-testbed-fault": "full=local-lvm" });
    await testbed.settled();
    expect(testbed.state.tasks.at(-1)?.exitstatus).toMatch(/No space left on device/);
    await create(102);
    const locked = await call(
      "PUT",
      "/nodes/pve1/lxc/102/config",
      { "x-testbed-fault": "lock=backup" },
      { memory: "300" },
    );
    expect(locked.json.message).toBe("CT is locked (backup)\n");
  });

  it("dies and comes back on the same port, with its state", async () => {
    await create(101);
    const dead = testbed.die(50);
    await expect(call("GET", "/version")).rejects.toThrow();
    await dead;
    expect(await call("GET", "/nodes/pve1/lxc/101/config")).toMatchObject({ status: 200 });
  });

  it("refuses a fault that does not exist, and names those that do", () => {
    expect(() => testbed.faults.add("*", "explode")).toThrow(/no fault "explode"; there are slow-task, fail-task/);
  });
});
