/** Splits a list parameter as Proxmox VE does: at NUL if there is one, otherwise at commas, semicolons and blanks. */
export function splitList(text: string): string[] {
  if (text.includes("\0")) return text.split("\0").filter((item) => item !== "");
  return text.split(/[,;\s]+/).filter((item) => item !== "");
}
