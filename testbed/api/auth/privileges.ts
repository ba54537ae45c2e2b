/**
 * Privileges and the roles that Proxmox VE 9 brings along.
 * Source: what Proxmox VE 9.1 answers to `GET /access/roles`.
 */
const group = (prefix: string, names: string): string[] => names.split(" ").map((name) => `${prefix}.${name}`);

const DATASTORE = group("Datastore", "Allocate AllocateSpace AllocateTemplate Audit");
const MAPPING = group("Mapping", "Audit Modify Use");
const POOL = group("Pool", "Allocate Audit");
const SDN = group("SDN", "Allocate Audit Use");
const AGENT = group("VM.GuestAgent", "Audit FileRead FileSystemMgmt FileWrite Unrestricted");
const CONFIG = group("VM.Config", "CDROM CPU Cloudinit Disk HWType Memory Network Options");
const GUEST = [
  ...group("VM", "Allocate Audit Backup Clone Console Migrate PowerMgmt Replicate Snapshot Snapshot.Rollback"),
  ...CONFIG,
  ...AGENT,
];
const USERS = ["Group.Allocate", "Realm.AllocateUser", "User.Modify"];
const SYSTEM_VIEW = group("Sys", "Audit Console Syslog");

const ADMIN_ONLY = [
  "Mapping.Modify",
  "Permissions.Modify",
  "Realm.Allocate",
  ...group("Sys", "AccessNetwork Incoming Modify PowerMgmt"),
];
const ALMOST_ALL = [...DATASTORE, "Mapping.Audit", "Mapping.Use", ...POOL, ...SDN, ...USERS, ...SYSTEM_VIEW, ...GUEST];

export const ADMINISTRATOR: readonly string[] = [...ALMOST_ALL, ...ADMIN_ONLY].sort();
export const PRIVILEGES: ReadonlySet<string> = new Set(ADMINISTRATOR);

export const BUILT_IN_ROLES: Readonly<Record<string, readonly string[]>> = {
  Administrator: ADMINISTRATOR,
  NoAccess: [],
  PVEAdmin: ALMOST_ALL,
  PVEAuditor: [
    "Datastore.Audit",
    "Mapping.Audit",
    "Pool.Audit",
    "SDN.Audit",
    "Sys.Audit",
    "VM.Audit",
    "VM.GuestAgent.Audit",
  ],
  PVEDatastoreAdmin: DATASTORE,
  PVEDatastoreUser: ["Datastore.AllocateSpace", "Datastore.Audit"],
  PVEMappingAdmin: MAPPING,
  PVEMappingUser: ["Mapping.Audit", "Mapping.Use"],
  PVEPoolAdmin: POOL,
  PVEPoolUser: ["Pool.Audit"],
  PVESDNAdmin: SDN,
  PVESDNUser: ["SDN.Audit", "SDN.Use"],
  PVESysAdmin: SYSTEM_VIEW,
  PVETemplateUser: ["VM.Audit", "VM.Clone"],
  PVEUserAdmin: USERS,
  PVEVMAdmin: GUEST,
  PVEVMUser: [
    "VM.Audit",
    "VM.Backup",
    "VM.Config.CDROM",
    "VM.Config.Cloudinit",
    "VM.Console",
    "VM.PowerMgmt",
    ...group("VM.GuestAgent", "Audit FileRead FileSystemMgmt FileWrite"),
  ],
};
