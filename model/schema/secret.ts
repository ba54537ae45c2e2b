import { z } from "zod";
import { secret } from "../../provision/role";
import * as f from "./formats";

/** Text that may be a secret instead: `{ secret: name }`. */
export const secretOrText = () => z.union([f.line(), secret()]);

export type SecretOrText = z.output<ReturnType<typeof secretOrText>>;
