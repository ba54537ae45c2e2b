import { join } from "node:path";
import { capture } from "../cli/capture";

it("docs/labs says what the inventories say; run npm run -s lab -- docs --write", async () => {
  const { code, err } = await capture(["docs", "--check"], join(__dirname, "../.."));
  expect({ code, err }).toEqual({ code: 0, err: "" });
}, 30_000);
