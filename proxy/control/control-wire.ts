/**
 * The control protocol as both ends write it: one JSON object per line. A client sends one request with the protocol's
 * version; the server answers with any number of events and then one result or one error.
 */
import type { CertificateListing } from "../certificate/listing.ts";
import type { ProxyError } from "../errors.ts";
import type { JsonObject } from "../options/option-fields.ts";
import type { DeployResult } from "./deploy.ts";
import type { ServiceListing } from "./list.ts";
import type { PrepareResult } from "./prepared-deploys.ts";
import type { ProgressEvent } from "./progress.ts";

export const PROTOCOL_VERSION = 1;

/** What each command's result looks like. */
export type ControlResults = {
  deploy: DeployResult;
  prepare: PrepareResult;
  commit: DeployResult;
  abort: JsonObject;
  revert: JsonObject;
  remove: JsonObject;
  pause: JsonObject;
  stop: JsonObject;
  resume: JsonObject;
  "rollout-deploy": DeployResult;
  "rollout-set": JsonObject;
  "rollout-stop": JsonObject;
  list: ServiceListing;
  certificates: CertificateListing;
};

export type ControlCommand = keyof ControlResults;

/** A request as a client writes it; options may be given as typed by a person, the server normalises. */
export type ControlCall<Command extends ControlCommand> = { readonly command: Command } & JsonObject;

export type ControlMessage =
  | { readonly event: ProgressEvent }
  | { readonly result: unknown }
  | { readonly error: { readonly code: string; readonly message: string; readonly hint?: string } };

export function encodeLine(message: ControlMessage | (ControlCall<ControlCommand> & { version: number })): string {
  return `${JSON.stringify(message)}\n`;
}

export function errorMessage(error: ProxyError): ControlMessage {
  const { code, message, hint } = error;
  return { error: { code, message, ...(hint !== undefined && { hint }) } };
}
