/** A checked registry section → where images are, and with which credentials. */
import type * as z from "zod";
import { Secret } from "../secret/secret.ts";
import type { Credential, Registry } from "./config.ts";
import { isLocalRegistry, type registry } from "./section/registry.ts";

export function resolveRegistry(input: z.output<typeof registry>): Registry {
  return {
    server: input.server,
    username: credentialOf(input.username),
    password: credentialOf(input.password),
    localPort: isLocalRegistry(input.server) ? Number(input.server?.split(":")[1]) : undefined,
  };
}

function credentialOf(input: string | readonly string[] | undefined): Credential | undefined {
  if (input === undefined) return undefined;
  return typeof input === "string" ? { value: new Secret(input) } : { secret: input[0] ?? "" };
}
