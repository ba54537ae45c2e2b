import { certificateInfo, selfSigned } from "../certificate";
import { invalid, messageOf, PveError } from "../errors";
import type { CertificateInfo, Context, Handler, Routes } from "../testbed";
import { entriesOf } from "./sections";

/** By node: the certificate that the API shows instead of its own. */
const STORE = "certificates";
const FILE = "pveproxy-ssl.pem";

const chainOf = (context: Context): string | undefined => {
  const pem = entriesOf(context, STORE)[context.call.text("node")]?.pem;
  return pem === undefined ? undefined : String(pem);
};

function keep(context: Context, pem: string): void {
  entriesOf(context, STORE)[context.call.text("node")] = { pem };
  context.testbed.changed();
}

function requireForce(context: Context): void {
  if (chainOf(context) === undefined || context.call.flag("force")) return;
  throw invalid({ force: "Custom certificate exists but 'force' is not set." });
}

const upload: Handler = (context): CertificateInfo => {
  requireForce(context);
  const pem = context.call.text("certificates");
  let info: CertificateInfo;
  try {
    info = certificateInfo(FILE, pem);
  } catch (error) {
    throw invalid({ certificates: messageOf(error) });
  }
  keep(context, pem);
  return info;
};

/** The domains of the node's configuration: `acme: domains=a;b`, `acmedomain0: domain=c,plugin=dns`. */
function domainsOf(context: Context): string[] {
  const { acme = "", ...config } = context.state.nodes[context.call.text("node")]?.config ?? {};
  const listed = /(?:^|,)domains=([^,]+)/.exec(acme)?.[1]?.split(";") ?? [];
  const single = Object.entries(config).filter(([key]) => key.startsWith("acmedomain"));
  return [...listed, ...single.map(([, value]) => value.replace(/^domain=/, "").replace(/,.*$/, ""))];
}

/** No CA is asked: the certificate signs itself. */
function order(worker: string): Handler {
  return (context) => {
    if (worker === "acmenewcert") requireForce(context);
    const [name] = domainsOf(context);
    if (name === undefined) throw new PveError(400, "ACME domain list in configuration is missing!");
    return context.task(context.call.text("node"), worker, "", async () => keep(context, (await selfSigned(name)).pem));
  };
}

function forget(context: Context): null {
  delete entriesOf(context, STORE)[context.call.text("node")];
  context.testbed.changed();
  return null;
}

const BASE = "/nodes/{node}/certificates";

export const certificateRoutes: Routes = {
  [`GET ${BASE}/info`]: (context) => {
    const pem = chainOf(context);
    return [context.testbed.certificate, ...(pem === undefined ? [] : [certificateInfo(FILE, pem)])];
  },
  [`POST ${BASE}/custom`]: upload,
  [`DELETE ${BASE}/custom`]: forget,
  [`POST ${BASE}/acme/certificate`]: order("acmenewcert"),
  [`PUT ${BASE}/acme/certificate`]: order("acmerenew"),
  [`DELETE ${BASE}/acme/certificate`]: (context) =>
    context.task(context.call.text("node"), "acmerevoke", "", () => void forget(context)),
};
