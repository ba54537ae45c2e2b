import type { Guest, Ran } from "./guest";

/** What a run says behind host, role and a word. */
export const linesOf = ({ output }: Ran, word: string): string[] =>
  output.split("\n").flatMap((line) => {
    const at = line.indexOf(`: ${word}`);
    return at < 0 ? [] : [line.slice(at + word.length + 2)];
  });

/** With what was said, when it is another. */
export function expectStatus({ output, status }: Ran, wanted: number): void {
  expect(status === wanted ? "" : `status ${status}, not ${wanted}: ${output}`).toBe("");
}

/** What dpkg and apt have to complain of. */
export const packageTrouble = (guest: Guest): Promise<string> => guest.sh("dpkg --audit; apt-get -qq check 2>&1");

/** Files that everybody may read and logs, in which a word is. */
export const leaks = (guest: Guest, word: string): Promise<string> =>
  guest.sh(`cd /; printf %s '${word.replaceAll("'", "'\\''")}' >/run/word; chmod 644 /run/word
    setpriv --reuid 65534 --regid 65534 --clear-groups find / -xdev -type f -readable -newer /etc/hostname ! -path '/proc/*' ! -path '/sys/*' ! -path /run/word \\
      -exec grep -lF -f /run/word {} + 2>/dev/null || :
    journalctl --no-pager | grep -F -f /run/word || :
    rm /run/word`);
