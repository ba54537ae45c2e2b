import { AcmeAccount } from "../../constructs/acme-account";
import { MetricsServer } from "../../constructs/metrics-server";
import { ProxmoxNode, type ProxmoxNodeProps } from "../../constructs/proxmox-node";
import type { Node, SecretOrText } from "../../model/lab";
import { literal, literals } from "../escape";
import type { LabContext } from "../lab-context";

/** What the API sets on the nodes themselves, and on their cluster as a whole. */
export function setUpNodes(context: LabContext): void {
  const { lab, nodes, secret, stack } = context;
  const text = (value: SecretOrText) => (typeof value === "string" ? literal(value) : secret(value.secret));
  for (const { token, verify, ...server } of lab.metrics ?? [])
    new MetricsServer(stack, `:metrics-${server.name}`, {
      ...literals(server),
      ...(token === undefined ? {} : { token: text(token) }),
      ...(verify === undefined ? {} : { verifyTls: verify }),
    });
  const active = lab.nodes.filter((node) => node.active);
  const account = active.some(({ system }) => system.certificateDomains) ? acmeAccount(context, text) : undefined;
  for (const node of active) {
    const access = nodes.get(node.name);
    if (access && Object.keys(node.system).length > 0)
      new ProxmoxNode(context.nodeScope(node.name), ":system", { node: access, ...systemProps(node, account) });
  }
}

function acmeAccount({ lab, providers, stack }: LabContext, text: (value: SecretOrText) => string) {
  if (!lab.acme) return undefined;
  const { contact, directory, plugins, terms } = lab.acme;
  return new AcmeAccount(stack, ":acme", {
    providers,
    contact: literal(contact),
    termsUrl: literal(terms),
    ...(directory === undefined ? {} : { directoryUrl: literal(directory) }),
    plugins: plugins.map(({ data, ...plugin }) => ({
      ...plugin,
      data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, text(value)])),
    })),
  });
}

function systemProps({ system }: Node, account: AcmeAccount | undefined): Omit<ProxmoxNodeProps, "node"> {
  const { certificateDomains: domains, ...rest } = literals(system);
  if (!domains || !account) return rest;
  return { ...rest, certificate: { account: account.accountName, domains, after: [account] } };
}
