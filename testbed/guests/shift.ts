import type { GuestConfig } from "../api/guest-backend";
import { isUnprivileged } from "./guest-config";
import { GUEST_SHIFT, NODE_SHIFT } from "./images";

/** First host id of a guest's users. */
export const shiftOf = (config: GuestConfig): number => (isUnprivileged(config) ? GUEST_SHIFT : NODE_SHIFT);
