import { z } from "zod";
import { text } from "../../model/schema/scalar";
import { packagesOfBase } from "../base/packages";
import { defineRole } from "../role";
import { PACKAGE_NAME, PACKAGE_VERSION, packageName } from "../settings";

const nameOf = (wanted: string) => wanted.replace(/=.*/, "");

export default defineRole({
  summary: "Packages of the distribution that are installed, held or absent.",
  group: "all",
  when: "set",
  after: ["base"],
  osTypes: ["debian", "ubuntu", "alpine"],
  variables: z
    .object({
      packages_install: z
        .array(text("a package's name, or name=version", new RegExp(`^${PACKAGE_NAME}(=${PACKAGE_VERSION})?$`)))
        .optional()
        .describe(
          "Packages, by the distribution's names; `name=version` for that version, which is then held. One that leaves the list stays installed.",
        ),
      packages_hold: z
        .array(packageName())
        .optional()
        .describe(
          "Packages that upgrades leave as they are. One that leaves the list is let go, unless another role holds it, too. Not on Alpine: write `name=version` there.",
        ),
      packages_absent: z
        .array(packageName())
        .optional()
        .describe(
          "Packages that are removed, their configuration files excepted. Refused when others that need them would go, too.",
        ),
    })
    .superRefine((value, context) => {
      const installed = (value.packages_install ?? []).map(nameOf);
      installed.forEach((each, index) => {
        if (installed.indexOf(each) < index) {
          const message = `${each} is in the list twice`;
          context.addIssue({ code: "custom", path: ["packages_install", index], message });
        }
      });
      for (const [index, each] of (value.packages_absent ?? []).entries()) {
        const other = [
          installed.includes(each) ? "packages_install" : "",
          value.packages_hold?.includes(each) ? "packages_hold" : "",
        ].find((found) => found !== "");
        if (!other) continue;
        const message = `${each} is also in ${other}`;
        const params = { fix: "take it from one of the two" };
        context.addIssue({ code: "custom", path: ["packages_absent", index], message, params });
      }
    }),
  derive: (_lab, self, values, refuse) => {
    const wanted = packagesOfBase(self.variable);
    for (const [index, name] of (Array.isArray(values.packages_absent) ? values.packages_absent : []).entries()) {
      const by = wanted.get(name);
      const message = `the role base installs ${name} for ${by?.setting}, so that it would come and go at each deploy`;
      if (by) refuse(["packages_absent", index], message, `${by.otherwise}, or take ${name} from packages_absent`);
    }
    return {};
  },
});
