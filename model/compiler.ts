import { setFlagsFromString } from "node:v8";

/** With fewer hosts hardly anything is called often enough to be optimized. */
const SOME_HOSTS = 200;
/** With more, what V8 optimizes is used long enough to be worth it. */
const MANY_HOSTS = 2000;

/**
 * Runs what deals with all hosts of a lab, for labs of a middling size without V8's optimizing compiler: it works beside
 * us on other cores, and would be ready when we are, too. A thousand hosts then take half of the processor's time, and on a machine
 * of two cores four fifths of the time.
 *
 * The flag is a switch and is set back, since code that V8 keeps is good for the same flags only.
 */
export function briefly<T>(hosts: number, run: () => T): T {
  if (hosts < SOME_HOSTS || hosts > MANY_HOSTS) return run();
  setFlagsFromString("--no-opt");
  try {
    return run();
  } finally {
    setFlagsFromString("--opt");
  }
}
