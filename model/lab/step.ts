/** One role applied to one guest or node. */
export interface Step {
  /** The role's name: the folder under provision/. */
  readonly role: string;
  /** Roles of the same guest that come before it, by name. */
  readonly after: readonly string[];
  /** Whether its packages may be installed by an earlier step, which its `ahead.sh` says. Default: false. */
  readonly ahead?: boolean;
  /** Everything but the secrets. */
  readonly settings: { readonly [name: string]: Setting };
  /** Settings whose value is a secret: setting's name → secret's name. */
  readonly secrets: { readonly [name: string]: string };
}

export type Setting = string | number | boolean | null | readonly Setting[] | { readonly [key: string]: Setting };
