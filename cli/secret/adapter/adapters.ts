/** Password managers by the names that people give them. */
import type { Adapter } from "./adapter.ts";

type Loaded = Promise<{ readonly adapter: Adapter }>;

export interface AdapterEntry {
  readonly name: string;
  /** The original takes the names of its classes, too, in any spelling. */
  readonly aliases?: readonly string[];
  load(): Loaded;
}

export const ADAPTERS: readonly AdapterEntry[] = [
  { name: "1password", aliases: ["one_password"], load: () => import("./one-password.ts") },
  {
    name: "aws_secrets_manager",
    load: () => import("./aws-secrets-manager.ts"),
  },
  { name: "bitwarden", load: () => import("./bitwarden.ts") },
  {
    name: "bitwarden-sm",
    aliases: ["bitwarden_secrets_manager"],
    load: () => import("./bitwarden-secrets-manager.ts"),
  },
  { name: "doppler", load: () => import("./doppler.ts") },
  { name: "enpass", load: () => import("./enpass.ts") },
  { name: "exec", load: () => import("./exec.ts") },
  { name: "gcp", aliases: ["gcp_secret_manager"], load: () => import("./gcp-secret-manager.ts") },
  { name: "lastpass", aliases: ["last_pass"], load: () => import("./lastpass.ts") },
  { name: "passbolt", load: () => import("./passbolt.ts") },
  { name: "test", load: () => import("./reversed.ts") },
];

/** `AwsSecretsManager`, `aws-secrets-manager` and `aws_secrets_manager` are one. */
export function adapterNamed(name: string): AdapterEntry | undefined {
  const plain = squeezed(name);
  return ADAPTERS.find((entry) => [entry.name, ...(entry.aliases ?? [])].some((one) => squeezed(one) === plain));
}

function squeezed(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}
