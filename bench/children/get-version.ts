// `get-version.ts URL COUNT`, with TOKEN in the environment: asks an API for its version that many times, ten requests at
// once over connections that are kept, as the provider does, and prints the seconds from the first to the last.
import { once } from "node:events";
import { Agent, get } from "node:https";

const CONCURRENCY = 10;
const [url = "", count = "0"] = process.argv.slice(2);
const headers = { Authorization: `PVEAPIToken=${process.env.TOKEN ?? ""}` };
// The certificate is the testbed's own.
const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY, rejectUnauthorized: false });

function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/api2/json/version`, { agent, headers }, async (response) => {
      response.resume();
      await once(response, "end");
      if (response.statusCode === 200) resolve();
      else reject(new Error(`GET /version: ${response.statusCode}`));
    });
    request.on("error", reject);
  });
}

async function main(): Promise<void> {
  let left = Number(count);
  const worker = async (): Promise<void> => {
    while (left-- > 0) await ask();
  };
  const began = process.hrtime.bigint();
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  console.log(Number(process.hrtime.bigint() - began) / 1e9);
  agent.destroy();
}

void main();
