import { z } from "zod";
import { defineRole } from "../role";

export default defineRole({
  summary: "Waits until cloud-init is done with the first start of a VM, and installs the QEMU guest agent.",
  group: "all",
  switch: "install_guest_agent",
  targets: ["vm"],
  osTypes: ["debian", "ubuntu", "alpine"],
  variables: z.object({}),
});
