import type { Problem } from "../problem";
import type { Draft } from "../resolve";
import type { Facts } from "../resolve/facts";
import { backupJobsWork, backupsAreWhole } from "./backup";
import {
  bridgeNames,
  bridgesFitNetworks,
  describedStaysAsIs,
  disjointBridges,
  isolationHolds,
  portsAreFree,
  uplinksExist,
} from "./bridges";
import { disksFit, memoryFits } from "./capacity";
import { groupsAct, settingsAreRead } from "./effects";
import { oneFileEach } from "./files";
import { firewallsAct, operatorsWayIn, stepsGetThrough } from "./firewall";
import { forwardsAreDistinct, forwardsArrive, forwardsHaveUplink, forwardsLeaveNode } from "./forwards";
import { gpuMemoryFits, soleCards } from "./gpus";
import { groupNames } from "./group-names";
import { dockerNests, groupSubsets, labName, membersAreGuests, someNode, switchesInGroups } from "./groups";
import { someCard, someGuest } from "./guests";
import { uniqueAddresses, uniqueHostnames, uniqueMacs, uniqueNicNames, uniqueVmids } from "./identity";
import { managementIsKnown, managementStays } from "./management";
import { alignedRanges, disjointRanges, gatewaysInside, guestAddresses, routersExist } from "./networks";
import {
  cardsAreDistinct,
  cardsForContainers,
  certificatesProvable,
  hostsHaveNode,
  mappingsAreWhole,
  oneDriverEach,
} from "./nodes";
import { namesExist } from "./references";
import type { Rule } from "./rule";
import { exceptionReasons, oneTier } from "./tiers";
import { knownVariables, nestedHostVars } from "./variables";
import { keysAreOwn, vmsBoot } from "./vm-start";
import {
  balloons,
  bootDevices,
  cardsByName,
  cardUse,
  cpusExist,
  hiddenCpus,
  knownUsb,
  soleUsb,
  windowsDrivers,
} from "./vms";

/** Every check that looks at more than one value at a time. */
const RULES: readonly Rule[] = [
  knownVariables,
  nestedHostVars,
  labName,
  someNode,
  someGuest,
  groupNames,
  oneTier,
  groupSubsets,
  membersAreGuests,
  switchesInGroups,
  settingsAreRead,
  groupsAct,
  dockerNests,
  someCard,
  oneFileEach,
  uniqueVmids,
  uniqueHostnames,
  uniqueAddresses,
  uniqueMacs,
  uniqueNicNames,
  alignedRanges,
  disjointRanges,
  gatewaysInside,
  routersExist,
  guestAddresses,
  managementStays,
  managementIsKnown,
  bridgeNames,
  describedStaysAsIs,
  disjointBridges,
  portsAreFree,
  uplinksExist,
  isolationHolds,
  bridgesFitNetworks,
  forwardsHaveUplink,
  forwardsAreDistinct,
  forwardsLeaveNode,
  forwardsArrive,
  cardsAreDistinct,
  oneDriverEach,
  cardsForContainers,
  mappingsAreWhole,
  certificatesProvable,
  hostsHaveNode,
  namesExist,
  memoryFits,
  disksFit,
  soleCards,
  gpuMemoryFits,
  cardUse,
  cardsByName,
  knownUsb,
  soleUsb,
  balloons,
  bootDevices,
  cpusExist,
  hiddenCpus,
  windowsDrivers,
  vmsBoot,
  keysAreOwn,
  backupJobsWork,
  backupsAreWhole,
  operatorsWayIn,
  firewallsAct,
  stepsGetThrough,
  exceptionReasons,
];

/** Every problem that the rules find in a lab. */
export function checkLab({ lab, wide }: Draft, facts: Facts): Problem[] {
  const nodes = new Map(lab.nodes.map((node) => [node.name, node]));
  const networks = new Map(lab.networks.map((network) => [network.name, network]));
  const input = { lab, wide, facts, nodes, networks };
  return RULES.flatMap((rule) => [...rule(input)]);
}
