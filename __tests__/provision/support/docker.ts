/** Every package is there. */
export const INSTALLED = {
  "apt-get": ":",
  "dpkg-query": 'echo "installed 28.0"',
  "apt-mark": '[ "$1" != showhold ] || cat /var/held 2>/dev/null; echo "apt-mark $*" >>/var/calls',
};
/** The lists have whatever is asked for. */
export const DISTRIBUTION = {
  ...INSTALLED,
  "apt-cache": 'shift; for each; do printf "%s:\\n  Candidate: 2.26.1-4\\n" "$each"; done',
};
export const GROUP = { "etc/group": "root:x:0:\ndocker:x:990:\n" };
export const SETTINGS = { docker_source: "distribution", docker_user: "docker" };
