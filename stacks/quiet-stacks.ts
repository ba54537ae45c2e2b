/**
 * Keeps cdktf from capturing a full stack trace for every computed attribute of every resource.
 *
 * cdktf (0.21, lib/tokens/private/stack-trace.js) does so whether or not anybody looks at it, for messages about tokens
 * that cannot be resolved; on a large stack that is about 40 % of the synthesis. This replaces that one function by one
 * that returns an empty trace. Errors keep their own stack traces.
 *
 * `LAB_STACK_TRACES=1` leaves cdktf as it is (main.ts).
 *
 * @returns a function that puts cdktf's own back
 */
export function quietStacks(): () => void {
  const traces: { captureStackTrace: unknown } = require("cdktf/lib/tokens/private/stack-trace");
  const original = traces.captureStackTrace;
  traces.captureStackTrace = () => [];
  return () => {
    traces.captureStackTrace = original;
  };
}
