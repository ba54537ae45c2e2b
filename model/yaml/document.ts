import { Composer, type ParsedNode, Parser } from "yaml";
import type { Problem } from "../problem";
import type { Tree } from "../tree";
import { MAX_DEPTH, TreeComposer } from "./compose";
import type { Source } from "./source";
import { syntaxProblem } from "./syntax";

/**
 * Reads any YAML with the `yaml` package. Its schema is left at strings (`failsafe`), because what a scalar means is
 * PyYAML's to say, and its merge keys and aliases are left unresolved, so that they can be counted and shared.
 */
export function parseDocument(source: Source): { tree?: Tree; problems: Problem[] } {
  const tooDeep = nestingProblem(source);
  if (tooDeep) return { problems: [tooDeep] };
  const tokens = [...new Parser().parse(source.text)];
  const composer = new Composer({
    version: "1.1",
    schema: "failsafe",
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const [document, second] = composer.compose(tokens);
  if (!document) return { problems: [] };
  const error = document.errors[0] ?? second?.errors[0];
  if (error) return { problems: [syntaxProblem(error, tokens, source)] };
  if (second) {
    const offset = source.text.slice(0, second.range[0]).lastIndexOf("---");
    const at = offset >= 0 ? offset : second.range[0];
    return {
      problems: [
        source.error(
          "yaml-documents",
          at,
          "a second document begins here; Ansible reads files of one",
          "remove the ---",
        ),
      ],
    };
  }
  const contents = document.contents as ParsedNode | null;
  if (!contents || isEmpty(contents)) return { problems: [] };
  const tree = new TreeComposer(source);
  return { tree: tree.compose(contents), problems: tree.problems };
}

function isEmpty(node: ParsedNode): boolean {
  return "value" in node && node.value === "" && "type" in node && node.type === "PLAIN" && node.tag === undefined;
}

/**
 * Finds nesting that the parser should not even see: its lexer ends the process on a line that opens thousands of
 * levels. The count of brackets ignores quotes, so it only speaks up far above what a real file can reach by accident.
 */
function nestingProblem(source: Source): Problem | undefined {
  const { text } = source;
  const opening = /^[ \-?:]{1000}/m.exec(text);
  const brackets = opening ? undefined : deepBracket(text, MAX_DEPTH * 4);
  const offset = opening?.index ?? brackets;
  if (offset === undefined) return undefined;
  return source.error("yaml-depth", offset, `values are nested more than ${MAX_DEPTH} levels deep`, "flatten them");
}

function deepBracket(text: string, limit: number): number | undefined {
  const bracket = /[[\]{}]/g;
  let depth = 0;
  for (let match = bracket.exec(text); match; match = bracket.exec(text)) {
    depth = match[0] === "[" || match[0] === "{" ? depth + 1 : Math.max(0, depth - 1);
    if (depth > limit) return match.index;
  }
  return undefined;
}
