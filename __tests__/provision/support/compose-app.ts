import role from "../../../provision/compose-app/role";
import { Sandbox } from "../../support/sandbox";

/** Plays Docker: one service `web` a project, which runs once it is up; or what /run/comes-up says. */
export const DOCKER = `
echo "docker $*" >>/run/calls
if [ "$1" = compose ]; then
  shift
  while :; do case $1 in --project-name) name=$2; shift 2 ;; --project-directory) folder=$2; shift 2 ;; --*) shift 2 ;; *) break ;; esac; done
  case "$1 $2" in
    "config --quiet")
      if grep -q ^TOKEN=1$ "$folder/.env"; then refusal=/run/refuse-plain; else refusal=/run/refuse; fi
      [ ! -e $refusal ] || { cat $refusal; exit 15; } ;;
    "config --images") echo web:1 ;;
    "config --services") cat /run/enabled 2>/dev/null || echo web ;;
    "config ") cat /run/config 2>/dev/null || : ;;
    pull*) [ ! -e /run/fail-pull ] || { cat /run/fail-pull; exit 1; } ;;
    up*) env >/run/env
      [ ! -e /run/fail ] || { cat /run/fail; exit 1; }
      echo "web running 1 : Up 2 minutes (healthy)" >/run/state-$name
      [ ! -e /run/comes-up ] || cp /run/comes-up /run/state-$name ;;
    down*) rm -f /run/state-$name ;;
  esac
else
  case $1 in
    network) cat /run/networks 2>/dev/null || : ;;
    image) [ -e /run/images ] ;;
    rm) touch /run/removed ;;
    ps) case $* in *container-number*) exec cat /run/twins ;; esac; name=\${5##*=}; [ ! -f /run/state-$name ] || cat /run/state-$name ;;
    inspect) [ ! -e /run/again ] || { cat /run/again; exec rm /run/again; } ;;
    volume) echo shop_data ;;
  esac
fi
`;
const CANARY = "canary $(touch /run/pwned) 'é\"";
export const settings = (compose_apps: object) => {
  const parsed = role.variables.parse({ compose_apps });
  return JSON.parse(
    JSON.stringify(parsed, (_, value) => (value?.secret && typeof value.secret === "string" ? undefined : value)),
  );
};
export const SHOP = {
  compose: { services: { web: { image: "web:1", environment: { TOKEN: "${TOKEN}" } } } },
  env: { TOKEN: { secret: "shop_token" }, LEVEL: 3 },
  files: { "conf/web.ini": "a=1\n", "tls.key": { content: "key", mode: "440" } },
};
const SECRETS = { compose_apps_0_env_0_value: CANARY };
export const guestWithDocker = () => new Sandbox({ commands: { docker: DOCKER } });
export const apply = (guest: Sandbox, apps: object, action = "apply") =>
  guest.apply("compose-app", settings(apps), action, SECRETS);
export const calls = (guest: Sandbox) => guest.read("run/calls");
