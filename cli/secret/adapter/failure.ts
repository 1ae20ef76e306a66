/** What can go wrong between here and a password manager, in words. No value is ever part of them. */
import { KdeployError } from "../../errors.ts";

export function adapterFailed(message: string, hint?: string): KdeployError {
  return new KdeployError("adapter-failed", message, { exitClass: "secret", hint });
}

/** The manager's program is not there. */
export function adapterMissing(message: string, hint?: string): KdeployError {
  return new KdeployError("adapter-missing", message, { exitClass: "secret", hint });
}

/** @param where the item that has no such field, the vault that has no such item */
export function notFound(name: string, where: string, hint?: string): KdeployError {
  return new KdeployError("secret-not-found", `there is no ${name} in ${where}`, { exitClass: "secret", hint });
}
