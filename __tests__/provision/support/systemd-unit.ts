import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "../../support/sandbox";

/** Keeps what is enabled and active as files; says what it was asked to do in /var/calls. */
export const SYSTEMCTL = `
verb=$1; shift
for unit; do :; done
case $verb in
  is-enabled) [ -f "/var/sd/$unit.enabled" ] && echo enabled || { echo disabled; exit 1; } ;;
  is-active) [ -f "/var/sd/$unit.active" ] ;;
  show)
    case "$*" in
      *ActiveState*) cat "/var/sd/$unit.state" 2>/dev/null || echo ActiveState=active ;;
      *LoadState*) case $unit in crn.*) echo not-found ;; *) echo loaded ;; esac ;;
      *) echo Type=simple ;;
    esac ;;
  cat) [ "$unit" = getty@.service ] ;;
  list-units) cat /var/sd/listed 2>/dev/null || : ;;
  *)
    echo "$verb $unit" >>/var/calls
    case $verb in
      enable) : >"/var/sd/$unit.enabled" ;;
      disable) rm -f "/var/sd/$unit.enabled" ;;
      start | restart) : >"/var/sd/$unit.active" ;;
      stop) rm -f "/var/sd/$unit.active" ;;
    esac ;;
esac`;
export const FILES = { "run/systemd/system/x": "", "var/calls": "", "var/sd/cron.service.active": "" };
export const guest = (commands = {}, files = {}) =>
  new Sandbox({
    commands: { systemctl: SYSTEMCTL, "systemd-analyze": "exit 0", sleep: ":", ...commands },
    files: { ...FILES, ...files },
  });

export const APP = {
  name: "app.service",
  content: "[Service]\nExecStart=/bin/sleep 9\n[Install]\nWantedBy=multi-user.target\n",
};
export interface Entry {
  readonly [key: string]: string | boolean;
}
export const units = (...systemd_units: readonly Entry[]) => ({ systemd_units });
export const calls = (sandbox: Sandbox) => {
  const made = sandbox.read("var/calls").trim().split(/ *\n/);
  writeFileSync(join(sandbox.root, "var/calls"), "");
  return made;
};
