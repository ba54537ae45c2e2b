import type { Problem } from "../model/problem";

/** Variables of the provider that the configuration cannot overrule (bpg/proxmox 0.111.1, proxmoxtf/provider/provider.go). */
const OVERRULING = ["PROXMOX_VE", "PM_VE"].flatMap((prefix) => [
  {
    names: [`${prefix}_AUTH_TICKET`, `${prefix}_CSRF_PREVENTION_TOKEN`],
    effect: "the provider would act with that ticket instead of the password of root@pam",
    instead: "the password of root@pam is given as TF_VAR_proxmox_root_password",
  },
  {
    names: [`${prefix}_INSECURE`],
    effect: "the provider would not check the API's certificate",
    instead: "proxmox_validate_certs in the inventory says whether certificates are checked",
  },
]);

/** What in the environment would silently change who the provider is, or whom it trusts. */
export function environmentProblems(environment: { readonly [name: string]: string | undefined }): readonly Problem[] {
  return OVERRULING.filter(({ names }) => names.every((name) => isSet(environment[name]))).map(
    ({ effect, instead, names }) => ({
      rule: "provider-environment",
      severity: "error",
      message: `environment: expected ${names.join(" and ")} not to be set: ${effect}`,
      fix: `unset ${names.join(" ")}; ${instead}`,
    }),
  );
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false", "no"].includes(value.toLowerCase());
}
