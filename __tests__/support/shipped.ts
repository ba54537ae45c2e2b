/** What comes with the project, whose own rules hold for it; whoever uses the project adds labs and apps beside these. */
export const LABS = ["ai", "homeserver", "tiers"] as const;
export const APPS = ["gitlab", "karakeep", "monitoring", "netbox", "ollama"] as const;
