import { parse, stringify } from "yaml";
import type { Lab, Setting, Step } from "../../../model/lab";
import type { LabCopy } from "./lab-copy";

/** An image with nothing but a shell that waits, for no registry is within reach. */
const IMAGE = "local/stand-in:1";

/** Makes the image of the guest's own programs, and no layer below them. */
const MAKE_IMAGE = {
  name: "stand-in-image",
  unless: `docker image inspect ${IMAGE} >/dev/null 2>&1`,
  apply: [
    "cd /",
    "tar -ch bin/sh bin/sleep $(ldd /bin/sh /bin/sleep | grep -o '/lib[^ ]*' | sort -u) 2>/dev/null |",
    `  docker import - ${IMAGE} >/dev/null`,
  ].join("\n"),
};

/** Ends when it is told to, as the first process of a container must say for itself. */
const WAIT = ["sh", "-c", "trap exit TERM; sleep 1000000 & wait"];

/** Gives hosts with Docker the stand-in image, and the distribution's Docker: Docker's repository is out of reach. */
export function giveImage(copy: LabCopy, hosts: readonly string[]): void {
  for (const host of hosts) {
    copy.set(`host_vars/${host}.yml`, ["docker_source"], "distribution");
    copy.set(`host_vars/${host}.yml`, ["script_snippets"], [MAKE_IMAGE]);
  }
}

/** The lab with its compose projects as they are, but that every service is of the stand-in image. */
export function withStandIns(lab: Lab): Lab {
  return { ...lab, guests: lab.guests.map((guest) => ({ ...guest, steps: imageFirst(guest.steps).map(ofStandIns) })) };
}

/** The role `script` otherwise comes after the apps, or beside them. */
function imageFirst(steps: readonly Step[]): readonly Step[] {
  const script = steps.find(({ role }) => role === "script");
  const apps = steps.find(({ role }) => role === "compose-app");
  if (!script || !apps) return steps;
  const others = steps.filter((step) => step !== script && step !== apps);
  return [...others, { ...script, after: ["docker"] }, { ...apps, after: [...apps.after, "script"] }];
}

function ofStandIns(step: Step): Step {
  const { compose_apps: apps } = step.settings;
  if (step.role !== "compose-app" || !Array.isArray(apps)) return step;
  return { ...step, settings: { ...step.settings, compose_apps: apps.map(standInApp) } };
}

type Service = Readonly<Record<string, unknown>>;

function standInApp(app: Setting): Setting {
  const { compose, ...rest } = app as Readonly<Record<string, Setting>>;
  const project = parse(String(compose), { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
  const services = Object.entries(project.services).map(([name, service]) => [name, standIn(service)]);
  const text = stringify({ ...project, services: Object.fromEntries(services) }, { aliasDuplicateObjects: false });
  return { ...rest, compose: text };
}

/** Cards, users and programs of the service's own image are left out. */
function standIn({ command: _, deploy: __, healthcheck, init: ___, user: ____, ...kept }: Service): Service {
  return {
    ...kept,
    image: IMAGE,
    entrypoint: WAIT,
    ...(healthcheck === undefined ? {} : { healthcheck: { test: ["CMD", "sh", "-c", ":"], interval: "1s" } }),
  };
}
