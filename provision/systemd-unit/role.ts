import { z } from "zod";
import { text } from "../../model/schema/scalar";
import { defineRole } from "../role";

const content = () =>
  text("the text of a unit, without NUL", (value) => value.trim() !== "" && !/\0|\p{Surrogate}/u.test(value));

const unit = z
  .strictObject({
    name: text(
      "a unit's name such as app.service, app@.service or app.timer",
      /^[A-Za-z0-9_:][A-Za-z0-9_:.\\-]{0,200}(@[A-Za-z0-9_:.\\-]*)?\.(service|socket|timer|path|mount|automount|swap|target|slice)$/,
      (value) => (/\.[a-z]+$/.test(value) ? undefined : `${value}.service`),
    ).describe("Its name."),
    content: content().optional().describe("The whole unit, which becomes /etc/systemd/system/<name>."),
    drop_in: content()
      .optional()
      .describe("What is set beside a unit that a package brings: /etc/systemd/system/<name>.d/60-proxmox-lab.conf."),
    enabled: z
      .boolean()
      .optional()
      .describe(
        "Started at every boot. Default: true for a content with an [Install] section that is no template, else as it is.",
      ),
    started: z
      .boolean()
      .optional()
      .describe(
        "Running now. Default: true for a content with an [Install] section that is no template, else as it is.",
      ),
    on_change: z
      .enum(["restart", "reload", "nothing"])
      .optional()
      .describe(
        "What happens to a unit that runs, or has failed, when its files have changed; of a template, to its instances. Default: restart.",
      ),
  })
  .superRefine((value, context) => {
    const issue = (key: string, message: string, fix: string) =>
      context.addIssue({ code: "custom", path: [key], message, params: { fix } });
    const isTemplate = value.name.includes("@.");
    const installs = value.content === undefined || /^\s*\[Install\]\s*$/m.test(value.content);
    if (isTemplate && value.started) {
      issue(
        "started",
        `${value.name} is a template, which cannot run`,
        "add an entry for an instance, such as name: app@1.service",
      );
    }
    if (value.enabled && !installs) {
      issue(
        "enabled",
        "the content has no [Install] section, so nothing says when it is started",
        "add one with WantedBy=multi-user.target",
      );
    }
    const given = [value.content, value.drop_in, value.enabled, value.started];
    if (given.every((each) => each === undefined)) {
      issue("name", `nothing is said about ${value.name}`, "add content:, drop_in:, enabled: or started:");
    }
  })
  .meta({ description: "A systemd unit in the guest." });

export default defineRole({
  summary: "systemd units, drop-ins and timers that the inventory states.",
  group: "all",
  when: "set",
  // Whatever brings units that a drop-in may be for.
  after: ["base", "packages", "files", "docker", "script", "nvidia", "wireguard", "dns", "dhcp"],
  osTypes: ["debian", "ubuntu"],
  variables: z.object({
    systemd_units: z
      .array(unit)
      .superRefine((list, context) => {
        list.forEach(({ name }, index) => {
          if (!list.slice(0, index).some((other) => other.name === name)) return;
          const message = `${name} is in the list twice`;
          context.addIssue({
            code: "custom",
            path: [index, "name"],
            message,
            params: { fix: "make one entry of the two" },
          });
        });
      })
      .optional()
      .describe(
        "Units. One that leaves the list is stopped, and its files are removed; where a package has a unit of that name, it runs again. Not on Alpine.",
      ),
  }),
});
