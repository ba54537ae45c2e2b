import { errorsOf, type Plan, type Stack } from "./stack";

/** What was seen of one resource. */
export interface Life {
  readonly address: string;
  readonly apply: "created" | "not created";
  readonly secondPlan: string;
  readonly update: "in place" | "replaced" | "-";
  /** Whether it has left Terraform's state; what it leaves behind is for the test to see. */
  readonly destroy: "gone" | "still there";
}

/** Plans, and fails the test with Terraform's words when that does not work. */
async function planned(stack: Stack): Promise<Plan["changes"]> {
  const { changes, ok, output } = await stack.plan();
  if (!ok) throw new Error(errorsOf(output));
  return Object.fromEntries(Object.entries(changes).filter(([address]) => !address.startsWith("data.")));
}

const UPDATES: Readonly<Record<string, Life["update"]>> = { update: "in place", replace: "replaced" };

/** Creates a stack, plans it again, changes it, plans again and destroys it. @param change writes its second version */
export async function live(stack: Stack, change: () => Promise<void>): Promise<Life[]> {
  const wanted = Object.keys(await planned(stack)).sort();
  await stack.deploy(true);
  const created = new Set(await stack.resources());
  const second = await planned(stack);
  await change();
  const updates = await planned(stack);
  await stack.deploy(true);
  expect(await planned(stack)).toEqual({});
  const { ok, output } = await stack.destroy();
  if (!ok) throw new Error(errorsOf(output));
  const left = new Set(await stack.resources());
  return wanted.map((address) => ({
    address,
    apply: created.has(address) ? "created" : "not created",
    secondPlan: second[address] ?? "no change",
    update: UPDATES[updates[address] ?? ""] ?? "-",
    destroy: left.has(address) ? "still there" : "gone",
  }));
}
