import { Construct } from "constructs";
import { AcmeAccount as AcmeAccountResource } from "../.gen/providers/proxmox/acme-account";
import { AcmeDnsPlugin, type AcmeDnsPluginConfig } from "../.gen/providers/proxmox/acme-dns-plugin";
import { giveAddress } from "./address";
import { compact } from "./compact";
import type { ProxmoxProviders } from "./providers";

export interface AcmeAccountProps {
  readonly providers: ProxmoxProviders;
  /** E-mail address. */
  readonly contact: string;
  /** URL of the CA's terms of service, to which this agrees. */
  readonly termsUrl: string;
  /** URL of the CA's directory. @default Let's Encrypt's */
  readonly directoryUrl?: string;
  /** @default none: names are proved by HTTP */
  readonly plugins?: readonly AcmePluginProps[];
}

export interface AcmePluginProps {
  readonly name: string;
  /** acme.sh's name of the DNS provider: `cf`. */
  readonly api: string;
  /** What it asks for; secrets as sensitive Terraform expressions. */
  readonly data: { readonly [name: string]: string };
  /** How long DNS may take to tell. @default 30, which Proxmox VE takes */
  readonly validationDelaySeconds?: number;
}

/** Proxmox VE's own default, stated: the provider takes one that it is not told for a contradiction. */
const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";

/**
 * The cluster's account for certificates, and the DNS plugins by which names are proved.
 * Proxmox VE lets root@pam alone make and read accounts (its own refusal: `user != root@pam`), so this asks for root's password.
 */
export class AcmeAccount extends Construct {
  /** The account's name in the cluster. */
  readonly accountName = "default";
  readonly account: AcmeAccountResource;

  constructor(scope: Construct, id: string, props: AcmeAccountProps) {
    super(scope, id);
    const { contact, directoryUrl, plugins = [], providers, termsUrl } = props;
    this.account = new AcmeAccountResource(this, "account", {
      provider: providers.root,
      name: this.accountName,
      contact,
      tos: termsUrl,
      directory: directoryUrl ?? LETS_ENCRYPT,
    });
    giveAddress(this.account, this.accountName);
    for (const { api, data, name, validationDelaySeconds } of plugins) {
      const plugin = new AcmeDnsPlugin(this, `plugin-${name}`, {
        plugin: name,
        api,
        data: { ...data },
        ...compact<Pick<AcmeDnsPluginConfig, "validationDelay">>({ validationDelay: validationDelaySeconds }),
      });
      giveAddress(plugin, name);
    }
  }
}
