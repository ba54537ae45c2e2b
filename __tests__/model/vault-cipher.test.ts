import fc from "fast-check";
import { decryptVault, encryptVault } from "../../model/vault";
import { ansibleVault, describeWithAnsibleVault } from "../support/vault";

const plainOf = (text: string, ...passwords: string[]) =>
  decryptVault(
    text,
    passwords.map((password) => ({ password })),
  );

describe("vault text", () => {
  it("gives back any bytes, for any password and vault id", () => {
    const id = fc.option(fc.stringMatching(/^[a-z][\w.-]{0,10}$/), { nil: undefined });
    const password = fc.string({ minLength: 1, unit: "grapheme" });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), password, id, (bytes, word, label) => {
        const text = encryptVault(Buffer.from(bytes), {
          password: word,
          ...(label === undefined ? {} : { id: label }),
        });
        expect(plainOf(text, word)).toEqual({ plain: Buffer.from(bytes) });
      }),
      { numRuns: 40 },
    );
  });

  it("has lines of 80 characters, and another salt each time", () => {
    const [header, ...lines] = encryptVault("x".repeat(500), { password: "p" }).split("\n");
    expect(header).toBe("$ANSIBLE_VAULT;1.1;AES256");
    expect(lines.slice(0, -2).every((line) => line.length === 80)).toBe(true);
    expect(encryptVault("x", { password: "p" })).not.toBe(encryptVault("x", { password: "p" }));
  });

  it("is opened by whichever password fits", () => {
    const text = encryptVault("secret", { id: "prod", password: "right" });
    expect(text).toMatch(/^\$ANSIBLE_VAULT;1\.2;AES256;prod\n/);
    expect(plainOf(text, "wrong", "right")).toEqual({ plain: Buffer.from("secret") });
    expect(plainOf(text, "wrong")).toMatchObject({ failure: "password", id: "prod" });
    expect(plainOf(text)).toMatchObject({ failure: "no-password", id: "prod" });
  });

  it("never opens once a digit of it is changed", () => {
    const text = encryptVault("secret", { password: "p" });
    const body = text.indexOf("\n") + 1;
    fc.assert(
      fc.property(fc.nat(text.length - body - 1), (offset) => {
        const at = body + offset;
        if (text[at] === "\n") return;
        const changed = text.slice(0, at) + (text[at] === "3" ? "4" : "3") + text.slice(at + 1);
        if (changed !== text) expect(plainOf(changed, "p")).toHaveProperty("failure");
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["", "does not begin with"],
    ["$ANSIBLE_VAULT;1.0;AES\n6162", "format 1.1 or 1.2, got 1.0"],
    ["$ANSIBLE_VAULT;1.1;AES\n6162", "cipher AES256, got AES"],
    ["$ANSIBLE_VAULT;1.1;AES256", "lines are missing"],
    ["$ANSIBLE_VAULT;1.1;AES256\nxyz", "lines are missing"],
    ["$ANSIBLE_VAULT;1.1;AES256\n313233", "lines are missing"],
  ])("says what is wrong with %j", (text, message) => {
    expect(plainOf(text, "p")).toMatchObject({ failure: "format", message: expect.stringContaining(message) });
  });
});

describeWithAnsibleVault("vault text and the real ansible-vault", () => {
  const samples = [
    "a",
    "16 characters ok",
    "line\nline\n",
    "\u00e9\u4e2d\ud83d\ude00 'quoted' \"$(id)\" {{ x }}",
    "x".repeat(5000),
  ];

  it.each([
    ["format 1.1", undefined],
    ["format 1.2 with a vault id", "prod"],
  ])(
    "read each other's %s",
    (_, id) => {
      const ofId = id === undefined ? {} : { id };
      const password = "p\u00e4ss word'\"$";
      const input = samples.join("\0");
      const theirs = ansibleVault(["encrypt", "--output=-", "-"], { password, ...ofId, input }).toString();
      expect(theirs.startsWith(id ? `$ANSIBLE_VAULT;1.2;AES256;${id}` : "$ANSIBLE_VAULT;1.1;AES256")).toBe(true);
      expect(plainOf(theirs, password)).toEqual({ plain: Buffer.from(input) });
      const ours = encryptVault(input, { password, ...ofId });
      expect(ansibleVault(["decrypt", "--output=-", "-"], { password, ...ofId, input: ours }).toString()).toBe(input);
    },
    30_000,
  );
});
