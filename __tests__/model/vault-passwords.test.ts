import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatProblem } from "../../model/problem";
import { vaultPasswords } from "../../model/vault";
import { temporaryFolder } from "../support/run-step";

describe("vaultPasswords", () => {
  const cwd = temporaryFolder();
  const file = (name: string, text: string, mode = 0o600) => {
    writeFileSync(join(cwd, name), text);
    chmodSync(join(cwd, name), mode);
    return name;
  };
  const read = (environment: Readonly<Record<string, string>>, files: readonly string[] = []) => {
    const { passwords, problems } = vaultPasswords({ environment, cwd, files });
    return [...passwords.map(({ id, password }) => `${id ?? ""}:${String(password)}`), ...problems.map(formatProblem)];
  };

  it("come from files, variables and scripts, as Ansible's do", () => {
    file("one", "  p\u00e0 \n");
    file("script", "#!/bin/sh\necho ' from script'\n", 0o700);
    file("my-client.sh", '#!/bin/sh\necho "$*"\n', 0o700);
    expect(read({ ANSIBLE_VAULT_PASSWORD_FILE: "one" })).toEqual([":p\u00e0"]);
    expect(read({ LAB_VAULT_PASSWORD: " direct " })).toEqual([": direct "]);
    expect(read({ LAB_VAULT_PASSWORD_FILE: "script" })).toEqual([": from script"]);
    expect(read({ ANSIBLE_VAULT_IDENTITY_LIST: "dev@one, prod@my-client.sh" })).toEqual([
      "dev:p\u00e0",
      "prod:--vault-id prod",
    ]);
    expect(read({ LAB_VAULT_PASSWORD: "unused" }, ["dev@one"])).toEqual(["dev:p\u00e0"]);
    expect(read({})).toEqual([]);
  });

  it("that cannot be had are told by who named them", () => {
    file("empty", "\n");
    file("fails", "#!/bin/sh\nexit 3\n", 0o700);
    expect(read({ LAB_VAULT_PASSWORD_FILE: "absent" })).toEqual([
      expect.stringMatching(/^LAB_VAULT_PASSWORD_FILE: absent does not exist; /),
    ]);
    expect(read({}, ["empty"])).toEqual([expect.stringContaining("--vault-password-file: empty holds no password")]);
    expect(read({}, ["fails"])).toEqual([expect.stringContaining("ended with status 3")]);
    expect(read({}, ["."])).toEqual([expect.stringMatching(/is a folder|cannot be read or run/)]);
  });
});
