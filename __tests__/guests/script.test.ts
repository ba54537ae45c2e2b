import { describeInGuests, proveRole } from "./support/proof";

const CANARY = "canary-script-51d2";
const SECRETS = { token: CANARY };
const snippets = (version: string, apply = 'printf %s "$VERSION" >/srv/version') => ({
  script_snippets: [
    { name: "version", values: { VERSION: version }, apply, check: '[ "$(cat /srv/version)" = "$VERSION" ]' },
    {
      name: "token",
      values: { TOKEN: { secret: "token" } },
      apply: 'umask 077; printf %s "$TOKEN" >/srv/token',
      creates: "/srv/token",
    },
    { name: "arrays", shell: "bash", apply: "a=(x y); echo ${a[1]} >/srv/bash", unless: "[ -s /srv/bash ]" },
  ],
});

describeInGuests("script", (world) => {
  proveRole(world, "script", {
    variables: snippets("1"),
    secrets: SECRETS,
    works: async (guest) =>
      expect(await guest.sh("cd /srv; cat version token bash; ls -l token")).toMatch(
        /^1canary-script-51d2y\n-rw------- 1 root root/,
      ),
    changed: {
      variables: snippets("2"),
      secrets: SECRETS,
      says: ["version"],
      works: async (guest) => expect(await guest.sh("cat /srv/version")).toBe("2"),
    },
    failed: {
      variables: snippets("3", "echo the reason >&2; exit 3"),
      secrets: SECRETS,
      says: /\| the reason\n(.*\n)*.*error: version: its apply ends with status 3/,
    },
    removed: {
      variables: { script_snippets: [] },
      says: [/done: 0 changed/],
      works: async (guest) => expect(await guest.sh("ls /srv")).toBe("bash\ntoken\nversion"),
    },
  });
});
