/** `registry`: where images are pushed and pulled. Config-schema §3. */
import { secretName, word } from "../value-syntax.ts";
import { choice, key, list, section, text } from "./types.ts";

const CREDENTIAL = "should be a string or an array with one string (for secret lookup)";

const credential = () =>
  choice(
    [list(text(secretName)).refine((names) => names.length === 1, { error: CREDENTIAL }), text()],
    CREDENTIAL,
    (input) => (Array.isArray(input) ? 0 : typeof input === "object" ? undefined : 1),
  );

/** A registry on this machine, `localhost:PORT`: it needs no login, and servers reach it through their SSH connection. */
export function isLocalRegistry(server: string | undefined): boolean {
  return server?.startsWith("localhost:") === true;
}

export const registry = section({
  server: key(
    text(word),
    "Host of the registry; Docker Hub when left out. localhost:PORT is a registry on this machine.",
    "ghcr.io",
  ),
  username: key(credential(), "The user, or a list with the name of one secret.", ["KDEPLOY_REGISTRY_USERNAME"]),
  password: key(credential(), "A list with the name of one secret; a password in plain text is possible, and unwise.", [
    "KDEPLOY_REGISTRY_PASSWORD",
  ]),
}).superRefine((value, context) => {
  if (isLocalRegistry(value.server)) return;
  for (const name of ["username", "password"] as const) {
    if (value[name] === undefined)
      context.addIssue({ code: "custom", message: "is required", path: [name], input: value });
  }
});
