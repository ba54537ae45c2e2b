import { Testing } from "cdktf";
import type { Backend } from "../../model/lab";
import { LabStack } from "../../stacks/lab-stack";
import { lab } from "../support/lab";
import type { Terraform } from "../support/synth";

function backend(given: Backend): unknown {
  const terraform: Terraform = JSON.parse(Testing.synth(new LabStack(Testing.app(), lab({ backend: given }))));
  return terraform.terraform.backend;
}

describe("the state's place", () => {
  it("local: relative to where Terraform runs, so that it is the same wherever the project lies", () => {
    expect(backend({ kind: "local", path: "terraform.lab.tfstate" })).toEqual({
      local: { path: "../../../terraform.lab.tfstate" },
    });
    expect(backend({ kind: "local", path: "/var/lib/lab.tfstate" })).toEqual({
      local: { path: "/var/lib/lab.tfstate" },
    });
  });

  it("http, with locking where it is offered", () => {
    expect(backend({ kind: "http", address: "https://s/x" })).toEqual({ http: { address: "https://s/x" } });
    expect(
      backend({ kind: "http", address: "https://s/x", lockAddress: "https://s/l", unlockAddress: "https://s/u" }),
    ).toEqual({
      http: { address: "https://s/x", lock_address: "https://s/l", unlock_address: "https://s/u" },
    });
  });

  it("s3: Amazon's, or one's own endpoint, which knows no accounts and regions", () => {
    const amazon = { bucket: "b", key: "k", region: "eu-central-1", use_lockfile: true };
    const given = { kind: "s3", bucket: "b", key: "k", region: "eu-central-1", useLockfile: true } as const;
    expect(backend(given)).toEqual({ s3: amazon });
    expect(backend({ ...given, endpoint: "https://minio:9000" })).toEqual({
      s3: expect.objectContaining({
        ...amazon,
        endpoints: { s3: "https://minio:9000" },
        use_path_style: true,
        skip_requesting_account_id: true,
      }),
    });
  });

  it("pg: the schema only, the connection comes from PG_CONN_STR", () => {
    expect(backend({ kind: "pg", schemaName: "tiers" })).toEqual({ pg: { schema_name: "tiers" } });
  });

  it.each(["https://gitlab.example", "https://gitlab.example/", "https://gitlab.example/api/v4"])(
    "gitlab at %s: the http backend with GitLab's addresses and methods",
    (address) => {
      const state = "https://gitlab.example/api/v4/projects/ops%2Flab/terraform/state/tiers";
      expect(backend({ kind: "gitlab", address, project: "ops/lab", stateName: "tiers" })).toEqual({
        http: {
          address: state,
          lock_address: `${state}/lock`,
          unlock_address: `${state}/lock`,
          lock_method: "POST",
          unlock_method: "DELETE",
          retry_wait_min: 5,
        },
      });
    },
  );
});
