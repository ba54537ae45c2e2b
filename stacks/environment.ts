import type { Problem } from "../model/problem";

/** Variables of the provider that the configuration cannot overrule (bpg/proxmox 0.111.1, proxmoxtf/provider/provider.go). */
const OVERRULING: readonly { readonly names: readonly string[]; readonly effect: string }[] = [
  {
    names: ["PROXMOX_VE_AUTH_TICKET", "PROXMOX_VE_CSRF_PREVENTION_TOKEN"],
    effect: "the provider would act with that ticket instead of the password of root@pam",
  },
  {
    names: ["PM_VE_AUTH_TICKET", "PM_VE_CSRF_PREVENTION_TOKEN"],
    effect: "the provider would act with that ticket instead of the password of root@pam",
  },
  { names: ["PROXMOX_VE_INSECURE"], effect: "the provider would not check the API's certificate" },
  { names: ["PM_VE_INSECURE"], effect: "the provider would not check the API's certificate" },
];

/** What in the environment would silently change who the provider is, or whom it trusts. */
export function environmentProblems(environment: { readonly [name: string]: string | undefined }): readonly Problem[] {
  return OVERRULING.filter(({ names }) => names.every((name) => isSet(environment[name]))).map(({ effect, names }) => ({
    rule: "provider-environment",
    severity: "error",
    message: `environment: expected ${names.join(" and ")} not to be set: ${effect}`,
    fix: `unset ${names.join(" ")}; proxmox_validate_certs in the inventory says whether certificates are checked`,
  }));
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false", "no"].includes(value.toLowerCase());
}
