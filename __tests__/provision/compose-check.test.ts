import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { stringify } from "yaml";
import { composeFlaws } from "../../provision/compose-app/compose-check";

const said = (text: string, beside: readonly string[] = []) =>
  composeFlaws(text, "app/compose.yaml", beside).map(({ fix, message }) => `${message}; ${fix}`);

describe("a compose file, before it is in a guest,", () => {
  it.each([
    [
      "services:\n  web:\n\timage: a\n",
      "app/compose.yaml:3:1: found a tab where YAML allows only spaces; indent with spaces",
    ],
    ["services:\n  web: { image: a\n", "app/compose.yaml:2:8: "],
    ["volumes: {}\n", "app/compose.yaml:1:1: the compose file has no services; "],
    ["services: {}\n", "app/compose.yaml:1:1: the compose file has no services; "],
    ["# nothing\n", "app/compose.yaml: the compose file is empty; "],
    ["name: a\nservices: [web]\n", "app/compose.yaml:2:1: services is no mapping; "],
    ["web\n", "app/compose.yaml:1:1: a compose file is a mapping; "],
    [
      "services:\n  web:\n    image: a\n    env_file: [./a.env, b.env]\n",
      'app/compose.yaml:4:25: service "web" takes variables from b.env, which the app has not; add it to files:, or name .env',
    ],
  ])("is told of what cannot work: %j", (text, expected) => {
    expect(said(text, ["a.env"])).toEqual([expect.stringContaining(expected)]);
  });

  it("is told of a text of the inventory by its line", () => {
    expect(composeFlaws("services:\n\tweb: a\n", undefined, [])[0]?.message).toMatch(
      /^line 2 of the text: found a tab/,
    );
  });

  const scalar = fc.constantFrom<unknown>(
    "a",
    "${A}",
    "${A:-b: c}",
    "$$x",
    3,
    true,
    null,
    "",
    "1:2",
    "@x",
    "a\nb\n",
    "\t",
    "é #",
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.stringMatching(/^[a-z_.-]{1,6}$/), tie("value"), { maxKeys: 3 }),
    ),
  })).value;
  const service = fc.record(
    {
      image: scalar,
      env_file: fc.constantFrom<unknown>(
        "a.env",
        "./conf/b.env",
        ["a.env"],
        "${FILE}",
        "/etc/x",
        "../x",
        [{ path: "c", required: false }],
        null,
      ),
      environment: value,
      "x-any": value,
    },
    { requiredKeys: ["image"] },
  );
  const project = fc.record(
    {
      services: fc.dictionary(fc.stringMatching(/^[a-z0-9_.-]{1,8}$/), service, { minKeys: 1, maxKeys: 3 }),
      volumes: value,
      "x-any": value,
    },
    { requiredKeys: ["services"] },
  );
  const style = fc.record({
    defaultStringType: fc.constantFrom<"PLAIN" | "QUOTE_DOUBLE" | "QUOTE_SINGLE" | "BLOCK_FOLDED">(
      "PLAIN",
      "QUOTE_DOUBLE",
      "QUOTE_SINGLE",
      "BLOCK_FOLDED",
    ),
    indent: fc.constantFrom(1, 2, 4),
    collectionStyle: fc.constantFrom<"any" | "flow">("any", "flow"),
    lineWidth: fc.constantFrom(0, 40),
  });

  it("is let pass when it is sound, however it is written", () => {
    fc.assert(
      fc.property(project, style, (made, options) => {
        expect(said(stringify(made, options), ["a.env", "conf/b.env"])).toEqual([]);
      }),
    );
  });

  it.each([
    ["anchors and merge keys", "x-a: &a { image: a }\nservices:\n  web:\n    <<: [*a, *a]\n"],
    ["Compose's own tags", "services:\n  web:\n    image: a\n    ports: !reset []\n    env_file: !override [b.env]\n"],
    ["several documents", "services: { web: { image: a } }\n---\nservices: { web: { image: b } }\n"],
    ["a project of others", "include: [other/compose.yaml]\n"],
    [
      "a file of a service that a profile keeps out",
      "services: { web: { image: a, profiles: [x], env_file: b.env } }\n",
    ],
    ["services by merge", "x-a: &a { services: { web: { image: a } } }\n<<: *a\n"],
    ["a service that is nothing yet", "services: { web: }\n"],
    ["JSON", '{"services": {"web": {"image": "a"}}}'],
    ["keys twice", "services: { web: { image: a } }\nservices: { web: { image: a } }\n"],
    ["Windows' lines", "services:\r\n  web:\r\n    image: a\r\n"],
  ])("is let pass with %s", (_, text) => expect(said(text)).toEqual([]));

  it("is let pass in every app that comes along", () => {
    for (const app of readdirSync("provision/apps"))
      expect(said(readFileSync(`provision/apps/${app}/compose.yaml`, "utf8"))).toEqual([]);
  });
});
