/** What a role can be told. Map keys are letters, digits and underscores; text may be anything but NUL. */
export type Setting = string | number | boolean | null | readonly Setting[] | { readonly [key: string]: Setting };

/** Top-level names are lower case, so that none can be a variable that means something to the shell (PATH, IFS, ENV). */
const NAME = /^[a-z][a-z0-9_]*$/;
const KEY = /^[A-Za-z0-9_]+$/;
/** The transport's own variables. */
const RESERVED = /^step_/;

/** A single-quoted word that a POSIX shell reads back byte for byte. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function problemWithName(name: string): string | undefined {
  if (!NAME.test(name)) {
    return `the setting ${JSON.stringify(name)}: expected a name of lower-case letters, digits and underscores; rename it`;
  }
  if (RESERVED.test(name)) return `the setting "${name}": names that begin with "step_" are taken; rename it`;
  return undefined;
}

/**
 * Settings as POSIX shell assignments, to be sourced:
 *
 * - text, number: `name='…'`; true and false are `'true'` and `'false'`, null is `''`;
 * - list: `name_COUNT='2'`, then `name_0`, `name_1`;
 * - map: `name_KEYS='a b'`, then `name_a`, `name_b`.
 *
 * Every problem is reported, none is mended silently; `text` is only of use when there is none.
 */
export function settingsFile(settings: { readonly [name: string]: Setting }): { text: string; problems: string[] } {
  const problems: string[] = [];
  const lines = new Map<string, string>();
  const assign = (variable: string, text: string, path: string) => {
    if (lines.has(variable))
      problems.push(`the setting ${path}: another setting is also called ${variable} in the shell`);
    const problem = problemWithText(text);
    if (problem) problems.push(`the setting ${path}: ${problem}`);
    lines.set(variable, shellQuote(text));
  };
  const put = (variable: string, value: Setting, path: string): void => {
    if (isList(value)) {
      assign(`${variable}_COUNT`, String(value.length), path);
      value.forEach((item, index) => {
        put(`${variable}_${index}`, item, `${path}[${index}]`);
      });
    } else if (typeof value === "object" && value !== null) {
      const keys = Object.keys(value).sort();
      for (const key of keys.filter((each) => !KEY.test(each))) {
        problems.push(
          `the setting ${path}: expected keys of letters, digits and underscores, got ${JSON.stringify(key)}`,
        );
      }
      assign(`${variable}_KEYS`, keys.join(" "), path);
      for (const key of keys) put(`${variable}_${key}`, value[key] ?? null, `${path}.${key}`);
    } else if (typeof value === "number" && !Number.isFinite(value)) {
      problems.push(`the setting ${path}: expected a finite number, got ${value}`);
    } else {
      assign(variable, value === null ? "" : String(value), path);
    }
  };
  for (const name of Object.keys(settings).sort()) {
    const problem = problemWithName(name);
    if (problem) problems.push(problem);
    else put(name, settings[name] ?? null, name);
  }
  return { text: [...lines].map(([variable, word]) => `${variable}=${word}\n`).join(""), problems };
}

function isList(value: Setting): value is readonly Setting[] {
  return Array.isArray(value);
}

function problemWithText(text: string): string | undefined {
  if (text.includes("\0")) return "a NUL character cannot be a shell's value; remove it";
  if (/\p{Surrogate}/u.test(text)) return "half of a surrogate pair is no character; remove it";
  return undefined;
}
