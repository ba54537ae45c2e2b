import fc from "fast-check";
import { printPropertyString, propertyFormat, splitPropertyString } from "../../../testbed/api/schema/property-string";
import { matchRoute } from "../../../testbed/api/schema/router";
import { api } from "../../../testbed/api/schema/spec";
import { validate } from "../../../testbed/api/schema/validate";

const CREATE = api.methods["POST /nodes/{node}/lxc"]!.parameters;
const GOOD = { node: "pve1", vmid: "100", ostemplate: "local:vztmpl/x.tar.zst" };

const problemsOf = (given: Record<string, unknown>): Record<string, string> =>
  validate(CREATE, { ...GOOD, ...given }).problems;

describe("routes of the API", () => {
  it("finds every method by its own path", () => {
    for (const key of Object.keys(api.methods)) {
      const [method = "", path = ""] = key.split(" ");
      expect(matchRoute(method, path.replace(/\{[^}]+\}/g, "x"))?.key).toBe(key);
    }
  });

  it("does not mind doubled and trailing slashes", () => {
    expect(matchRoute("GET", "//nodes///pve1/lxc/")).toMatchObject({
      template: "/nodes/{node}/lxc",
      uriParameters: { node: "pve1" },
    });
  });

  it("takes the rest of the path for volumes and addresses", () => {
    expect(matchRoute("GET", "/nodes/n/storage/local/content/local:iso/a.iso")?.uriParameters.volume).toBe(
      "local:iso/a.iso",
    );
    expect(matchRoute("DELETE", "/cluster/firewall/ipset/s/10.0.0.0/8")?.uriParameters.cidr).toBe("10.0.0.0/8");
  });
});

describe("validation against the schema", () => {
  it("reports all wrong parameters at once", () => {
    expect(Object.keys(problemsOf({ memory: "x", cores: "0", nonsense: "1" })).sort()).toEqual([
      "cores",
      "memory",
      "nonsense",
    ]);
  });

  it("takes whole numbers with a sign and nothing else for integers", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const isNumber = /^[+-]?\d+$/.test(text);
        expect(problemsOf({ memory: text }).memory === `type check ('integer') failed - got '${text}'`).toBe(!isNumber);
      }),
    );
  });

  it("takes 0 and 1 for booleans, and JSON's own", () => {
    for (const good of ["0", "1", true, false]) expect(problemsOf({ onboot: good })).toEqual({});
    for (const bad of ["yes", "on", "true", "", "2"]) expect(problemsOf({ onboot: bad }).onboot).toMatch(/^type check/);
  });

  it("keeps to the bounds of the schema", () => {
    fc.assert(
      fc.property(fc.integer({ min: -100, max: 10_000 }), (cores) => {
        expect(Object.keys(problemsOf({ cores: String(cores) })).length === 0).toBe(cores >= 1 && cores <= 8192);
      }),
    );
  });

  it("checks property strings key by key", () => {
    expect(problemsOf({ net0: "name=eth0,tag=5000" }).net0).toBe(
      "invalid format - format error\nnet0.tag: value must have a maximum value of 4094\n",
    );
    expect(problemsOf({ net0: "bridge=vmbr0" }).net0).toMatch(/net0\.name: property is missing/);
  });

  it("joins repeated keys of lists, and refuses those of scalars", () => {
    expect(problemsOf({ tags: ["a", "b"] })).toEqual({});
    expect(problemsOf({ memory: ["512", "256"] }).memory).toBe("type check ('integer') failed - got ARRAY");
  });
});

describe("property strings", () => {
  const format = propertyFormat("lxc-net");

  it("come back from printing as they went in", () => {
    const values = fc.dictionary(
      fc.constantFrom("name", "bridge", "ip", "tag", "mtu"),
      fc.stringMatching(/^[a-z0-9.]{1,8}$/),
    );
    fc.assert(
      fc.property(values, (given) => {
        fc.pre(Object.keys(given).length > 0);
        expect(splitPropertyString(format, printPropertyString(given, { first: ["name"] }))).toEqual({ ...given });
      }),
    );
  });

  it("know the default key and other spellings of a key", () => {
    expect(splitPropertyString(propertyFormat("qemu-net"), "virtio=BC:24:11:00:00:01,bridge=vmbr0")).toEqual({
      model: "virtio",
      macaddr: "BC:24:11:00:00:01",
      bridge: "vmbr0",
    });
    expect(splitPropertyString(propertyFormat("lxc-mp"), "/srv,mp=/data")).toEqual({ volume: "/srv", mp: "/data" });
  });
});
