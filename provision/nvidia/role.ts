import { z } from "zod";
import { text } from "../../model/schema/scalar";
import { defineRole } from "../role";
import { nvidiaRunfile, PACKAGE_VERSION } from "../settings";

const settings = z
  .strictObject({
    driver: z
      .enum(["distribution", "runfile", "none"])
      .optional()
      .describe(
        "Where the driver's user-space part comes from; none: nothing is installed. Default: runfile where one is given, else distribution.",
      ),
    runfile: nvidiaRunfile().optional(),
    container_toolkit: z
      .boolean()
      .optional()
      .describe("NVIDIA's container toolkit, and the GPUs as CDI devices, where Docker is installed. Default: true."),
    container_toolkit_version: text("a version such as 1.17.8-1", new RegExp(`^(?=[0-9])${PACKAGE_VERSION}$`))
      .optional()
      .describe("Exact version of the toolkit's packages, which are then held. Default: the newest at installation."),
  })
  .superRefine((value, context) => {
    if (value.driver !== "runfile" || value.runfile !== undefined) return;
    const message = "the driver is to come from a run file, and none is given";
    context.addIssue({
      code: "custom",
      path: ["driver"],
      message,
      params: { fix: "add runfile:, or take driver: away" },
    });
  });

export default defineRole({
  summary: "The user-space part of NVIDIA's driver, in exactly the version of the node's kernel module.",
  group: "gpu_access",
  switch: "enable_gpu",
  targets: ["container"],
  osTypes: ["debian", "ubuntu"],
  after: ["base", "files", "docker"],
  variables: z.object({
    nvidia_cfg: settings.optional().describe("NVIDIA's driver in the guest; {} for what fits the node."),
  }),
});
