import { TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import { ProxmoxProvider, type ProxmoxProviderConfig } from "../.gen/providers/proxmox/provider";

/** How the shell of a Proxmox VE node is reached. */
export interface NodeAccess {
  /** Its name in the cluster. */
  readonly name: string;
  readonly address: string;
  readonly sshPort: number;
  readonly sshUser: string;
  /** The node's public host key, `ssh-ed25519 AAAA…`. @default the key that the node shows is accepted unchecked */
  readonly hostKey?: string;
}

export interface ProxmoxProvidersProps {
  /** `https://host:8006/`. */
  readonly endpoint: string;
  /** False turns off the check of the API's certificate. @default true */
  readonly verifyTls?: boolean;
  /** User that the provider and the steps log in as on a node. @default "root" */
  readonly sshUser?: string;
  /** Every node of the cluster: the provider dials these addresses and never asks the API for one. */
  readonly nodes: readonly NodeAccess[];
}

/**
 * The provider, once with an API token for everything, and once as root@pam for what Proxmox VE allows to nobody else.
 * The second exists only when something asks for it.
 *
 * Credentials are sensitive Terraform variables, never values: TF_VAR_proxmox_api_token, TF_VAR_proxmox_root_password
 * and TF_VAR_proxmox_ssh_private_key (without it, the SSH agent). Neither instance can act with the other's credential:
 * each writes out all of token, user and password, because what it left out the provider would take from the environment,
 * where a token wins over a password (bpg/proxmox 0.111.1, proxmox/api/credentials.go).
 */
export class ProxmoxProviders extends Construct {
  /** Acts with the token. It is the stack's default provider: resources need not name it. */
  readonly token: ProxmoxProvider;
  /** PEM text of the key for the nodes; empty: the agent is asked. */
  readonly sshPrivateKey: TerraformVariable;
  readonly #props: ProxmoxProvidersProps;
  readonly #logins = new Map<string, NodeAccess & { readonly privateKey: string }>();
  #root: ProxmoxProvider | undefined;

  constructor(scope: Construct, id: string, props: ProxmoxProvidersProps) {
    super(scope, id);
    this.#props = props;
    // Not validated here: Terraform prints a value that fails a variable's validation, a sensitive one too. The provider says
    // what a token looks like.
    const apiToken = variable(this, "proxmox_api_token", {
      description: "API token USER@REALM!TOKENID=UUID with the privileges of this lab.",
    });
    this.sshPrivateKey = variable(this, "proxmox_ssh_private_key", {
      description: "Private key (PEM) for SSH to the nodes; empty: the SSH agent is used.",
      default: "",
    });
    this.token = new ProxmoxProvider(this, "token", {
      ...this.#shared(),
      apiToken: apiToken.stringValue,
      username: "",
      password: "",
    });
  }

  /** Acts as root@pam with its password. Made when first asked for. */
  get root(): ProxmoxProvider {
    if (!this.#root) {
      const password = variable(this, "proxmox_root_password", {
        description: "Password of root@pam, for the options that Proxmox VE allows to root alone.",
        validation: [
          {
            condition: '${var.proxmox_root_password != ""}',
            errorMessage: "Expected the password of root@pam in TF_VAR_proxmox_root_password.",
          },
        ],
      });
      this.#root = new ProxmoxProvider(this, "root", {
        ...this.#shared(),
        alias: "root",
        apiToken: "",
        username: "root@pam",
        password: password.stringValue,
      });
    }
    return this.#root;
  }

  /** Makes it although nothing asks for it: what the state holds of a guest that left needs it to be destroyed. */
  keepRoot(): void {
    void this.root;
  }

  /** How a step logs in to a node. */
  login(node: NodeAccess): NodeAccess & { readonly privateKey: string } {
    const known = this.#logins.get(node.name);
    if (known) return known;
    const login = { ...node, privateKey: this.sshPrivateKey.stringValue };
    this.#logins.set(node.name, login);
    return login;
  }

  /** Whether anything has asked for root@pam. */
  get usesRoot(): boolean {
    return this.#root !== undefined;
  }

  #shared(): ProxmoxProviderConfig {
    const { endpoint, nodes, sshUser = "root", verifyTls = true } = this.#props;
    return {
      endpoint,
      insecure: !verifyTls,
      ssh: {
        username: sshUser,
        // The provider prefers the agent to a key, so it is switched on only where no key is given.
        agent: Token.asAny('${var.proxmox_ssh_private_key == ""}'),
        privateKey: this.sshPrivateKey.stringValue,
        nodeAttribute: nodes.map(({ address, name, sshPort }) => ({ name, address, port: sshPort })),
      },
    };
  }
}

type VariableProps = ConstructorParameters<typeof TerraformVariable>[2];

function variable(scope: Construct, name: string, props: VariableProps): TerraformVariable {
  const made = new TerraformVariable(scope, name, { type: "string", sensitive: true, nullable: false, ...props });
  made.overrideLogicalId(name);
  return made;
}
