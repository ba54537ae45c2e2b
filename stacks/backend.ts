import { isAbsolute, posix } from "node:path";
import { TerraformBackend, type TerraformRemoteState } from "cdktf";
import type { Construct } from "constructs";
import type { Backend } from "../model/lab";
import { literals } from "./escape";

/** From a stack's folder, `cdktf.out/stacks/<lab>`, where Terraform runs, to the project. */
const PROJECT = "../../..";

/**
 * Where Terraform keeps a lab's state. No credential is written: Terraform's backends take them from the environment
 * (TF_HTTP_USERNAME and TF_HTTP_PASSWORD, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, PG_CONN_STR).
 */
export class LabBackend extends TerraformBackend {
  readonly #attributes: object;

  constructor(scope: Construct, backend: Backend) {
    super(scope, ":backend", backend.kind === "gitlab" ? "http" : backend.kind);
    this.#attributes = literals(attributes(backend));
  }

  override synthesizeAttributes(): { [key: string]: unknown } {
    return { ...this.#attributes };
  }

  /** One lab is one stack: none reads another's state. */
  override getRemoteStateDataSource(): TerraformRemoteState {
    throw new Error("a lab's stack does not refer to another lab's");
  }
}

function attributes(backend: Backend): object {
  switch (backend.kind) {
    case "local":
      return { path: isAbsolute(backend.path) ? backend.path : posix.join(PROJECT, backend.path) };
    case "http": {
      const { address, lockAddress, unlockAddress } = backend;
      return {
        address,
        ...(lockAddress === undefined ? {} : { lock_address: lockAddress }),
        ...(unlockAddress === undefined ? {} : { unlock_address: unlockAddress }),
      };
    }
    case "s3":
      return s3(backend);
    case "pg":
      return { schema_name: backend.schemaName };
    case "gitlab":
      return gitlab(backend);
  }
}

/** An endpoint of one's own (MinIO, Garage, Ceph) knows neither AWS's accounts nor its regions, and has buckets in the path. */
function s3({ bucket, endpoint, key, region, useLockfile }: Extract<Backend, { kind: "s3" }>): object {
  const own = {
    endpoints: { s3: endpoint },
    use_path_style: true,
    skip_credentials_validation: true,
    skip_metadata_api_check: true,
    skip_region_validation: true,
    skip_requesting_account_id: true,
    skip_s3_checksum: true,
  };
  return { bucket, key, region, use_lockfile: useLockfile, ...(endpoint === undefined ? {} : own) };
}

/** As documented in GitLab's "GitLab-managed Terraform state"; a project's path is given encoded, as all over GitLab's API. */
function gitlab({ address, project, stateName }: Extract<Backend, { kind: "gitlab" }>): object {
  const base = address.replace(/\/+$/, "").replace(/\/api\/v4$/, "");
  const state = `${base}/api/v4/projects/${encodeURIComponent(project)}/terraform/state/${encodeURIComponent(stateName)}`;
  return {
    address: state,
    lock_address: `${state}/lock`,
    unlock_address: `${state}/lock`,
    lock_method: "POST",
    unlock_method: "DELETE",
    retry_wait_min: 5,
  };
}
