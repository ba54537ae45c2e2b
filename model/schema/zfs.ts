import { text } from "./scalar";

/** A pool, or a dataset in one; the characters that zfs(8) takes, but for the blank. */
export const zfsDataset = () =>
  text("a ZFS pool or dataset such as rpool/data", /^[A-Za-z][A-Za-z0-9_.:-]*(\/[A-Za-z0-9_.:-]+)*$/, (value) =>
    value.replace(/^\/+|\/+$/g, ""),
  );

/** A native property, or a user's one with a colon in its name. */
export const zfsProperty = () =>
  text("a ZFS property such as compression=zstd", /^[a-z][a-z0-9_.:-]*=[\x20-\x7e]+$/, (value) =>
    value.replace(/\s*[:=]\s*/, "="),
  );
