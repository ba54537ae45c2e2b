import type { Routes } from "../testbed";
import { accessRoutes } from "./access";
import { clusterRoutes } from "./cluster";
import { firewallRoutes } from "./firewall";
import { lxcRoutes } from "./guests/lxc";
import { qemuRoutes } from "./guests/qemu";
import { nodeRoutes } from "./nodes";
import { poolRoutes } from "./pools";
import { sdnRoutes } from "./sdn";
import { storageRoutes } from "./storage";
import { taskRoutes } from "./tasks";

/** Every method that the testbed carries out, by method and path as in the schema. */
export const routes: Routes = {
  ...accessRoutes,
  ...nodeRoutes,
  ...taskRoutes,
  ...storageRoutes,
  ...poolRoutes,
  ...lxcRoutes,
  ...qemuRoutes,
  ...firewallRoutes,
  ...sdnRoutes,
  ...clusterRoutes,
};
