import { type Guest, placeOf, variableOf } from "../lab";
import type { Rule } from "./rule";

/** What a guest is made from, if its node downloads it. */
function downloadOf(guest: Guest) {
  const file = guest.kind === "container" ? guest.os : guest.adopt ? undefined : guest.image;
  return file?.kind === "download" ? file : undefined;
}

/** Where the file is written in the inventory, as far as the guest says so itself. */
const imageAt = ({ source }: Guest) => placeOf(source, "template", "image", "cloud_init", "haos");

/** `file-name-twice`: under one name on a storage of a node is one file; guests would else be made from whichever came first. */
export const oneFileEach: Rule = function* ({ lab }) {
  const first = new Map<string, Guest>();
  for (const guest of lab.guests) {
    const file = downloadOf(guest);
    if (!file) continue;
    const place = `${guest.node} ${guest.kind} ${file.storage}:${file.fileName}`;
    const other = first.get(place);
    const same = other && downloadOf(other);
    if (!other || !same) first.set(place, guest);
    else if (same.url !== file.url || same.checksum !== file.checksum)
      yield {
        rule: "file-name-twice",
        severity: "error",
        at: imageAt(guest),
        also: [{ at: imageAt(other), note: `is what ${other.name} is made from: ${same.url}` }],
        path: variableOf(guest),
        subject: guest.name,
        message: `${file.fileName} on the storage ${file.storage} of ${guest.node} would be two files: ${guest.name} wants ${file.url} with another checksum or from another place than ${other.name}`,
        fix: "give one of them another file_name, or both the same url and checksum",
      };
  }
};
