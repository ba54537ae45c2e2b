import { withoutUndefined } from "../collections";
import { type Nic, staticAddresses, type VmGuest, type VmLogin } from "../lab";
import type { VmVars } from "../schema/vm";
import type { GuestInputs, Reader } from "./guest";
import { applies, type RoleStep, stepsOf } from "./steps";

/** Waits for cloud-init, and installs the guest agent: for nothing else than a VM that has one. */
const AGENT_ROLE = "cloud-init";

interface Vm {
  readonly vars: VmVars;
  readonly system: VmGuest["system"];
  readonly os: string | undefined;
  readonly user: string | undefined;
  readonly nics: readonly Nic[];
}

interface Configured {
  readonly login?: VmLogin;
  readonly steps: readonly RoleStep[];
}

/** The roles of a VM, and the way in for them; a VM that nobody can log in to has none. */
export function configured(vm: Vm, reader: Reader, { facts, secrets }: GuestInputs): Configured {
  const { host, report } = reader;
  const { ssh } = vm.vars;
  if (vm.system !== "cloud" && !ssh) {
    refuseRoles(vm, reader, facts);
    return { steps: [] };
  }
  const os = ssh?.os ?? vm.os;
  const target = { kind: "vm" as const, ...withoutUndefined({ osType: os }) };
  const steps = stepsOf({ host, target, facts, secrets, report });
  const wanted = vm.vars.agent === false ? steps.filter(({ role }) => role !== AGENT_ROLE) : steps;
  const address = ssh?.host ?? vm.nics.flatMap(staticAddresses)[0]?.replace(/\/.*/, "");
  if (address === undefined) {
    if (wanted.length > 0) report(withoutAddress(reader, wanted));
    return { steps: [] };
  }
  const user = ssh?.user ?? vm.vars.cloud_init?.user ?? vm.user ?? (vm.system === "cloud" ? "debian" : "root");
  return {
    login: { host: address, port: ssh?.port ?? 22, user, ...withoutUndefined({ hostKey: ssh?.host_key }) },
    steps: wanted,
  };
}

function refuseRoles(vm: Vm, { host, origins, report }: Reader, facts: GuestInputs["facts"]): void {
  const target = { kind: "vm" } as const;
  for (const role of facts.roles) {
    if (role.group === "all" || !applies(role, { host, target, facts, report: () => undefined })) continue;
    const why =
      vm.system === "haos"
        ? "Home Assistant OS takes no roles"
        : vm.system === "windows"
          ? "no role can configure Windows"
          : "nothing says how to log in to it";
    report({
      rule: "role-without-login",
      severity: "error",
      at: facts.members.get(role.group)?.get(host.name) ?? host.at,
      also: [{ at: origins.place(), note: "describes the VM" }],
      subject: host.name,
      message: `${host.name} is in ${role.group}, which brings the role ${role.name}, but ${why}`,
      fix:
        vm.system === "plain"
          ? "make it of a cloud image (cloud_init:), or add ssh: { user: … } to proxmox_vm"
          : `take it out of ${role.group}`,
    });
  }
}

const withoutAddress = ({ host, origins }: Reader, steps: readonly RoleStep[]) => ({
  rule: "vm-without-address",
  severity: "error" as const,
  at: origins.place("networks"),
  path: "proxmox_vm.networks",
  subject: host.name,
  message: `the roles of ${host.name} (${steps.map(({ role }) => role).join(", ")}) log in by SSH, and it has no static address`,
  fix: "give a card an address (ip: 192.168.1.51), or add ssh: { host: … } with the name that DHCP gives it",
});
