import { text } from "../../model/schema/scalar";

/** Files of the project's folder that the role makes itself. */
export const RESERVED: readonly string[] = ["compose.yaml", ".env", ".applied", ".managed"];

/** The path of a file beside the compose file. */
export const filePath = () =>
  text(
    `a path inside the app's folder of letters, digits, . _ @ + -, other than ${RESERVED.join(", ")}`,
    (path) =>
      /^(?![/-])(?!.*(^|\/)\.{1,2}(\/|$))(?!.*\/\/)[A-Za-z0-9._@+/-]*[A-Za-z0-9._@+-]$/.test(path) &&
      !RESERVED.includes(path.split("/", 1)[0] ?? ""),
  );

/** Of these paths each that is that of a file and of a folder, with a file in it. */
export function filesAsFolders(paths: readonly string[]): { readonly file: string; readonly inside: string }[] {
  const files = new Set(paths);
  return paths.flatMap((inside) => {
    const folders = inside.split("/").map((_, index, parts) => parts.slice(0, index).join("/"));
    return folders.filter((folder) => files.has(folder)).map((file) => ({ file, inside }));
  });
}
