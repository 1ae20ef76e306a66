/** A line from the control socket → a request to carry out, every value checked, or a typed error that says what is wrong. */
import { ProxyError } from "../errors.ts";
import { DEFAULT_PREPARE_TTL_MS } from "../options/deploy-flags.ts";
import { readDeploymentOptions } from "../options/deployment-options.ts";
import { type PauseOptions, readPauseOptions, readStopOptions, type StopOptions } from "../options/gate-options.ts";
import { isJsonObject, type JsonObject, OptionFields } from "../options/option-fields.ts";
import { type RolloutOptions, readRolloutOptions } from "../options/rollout-options.ts";
import { readServiceOptions } from "../options/service-options.ts";
import { readTargetOptions } from "../options/target-options.ts";
import { quote } from "../options/value-syntax.ts";
import { readFurtherTargets, readName, readTargets } from "../state/snapshot-format.ts";
import { parseTargetAddress } from "../target/target-address.ts";
import { PROTOCOL_VERSION } from "./control-wire.ts";
import type { DeployRequest } from "./deploy.ts";
import type { RolloutDeployRequest } from "./rollout.ts";

/** A request longer than this is no request. */
export const MAX_REQUEST_BYTES = 1024 * 1024;

/** A request as the server carries it out: read, normalised, checked. */
export type ControlRequest =
  | { readonly command: "deploy"; readonly deploy: DeployRequest }
  | { readonly command: "prepare"; readonly deploy: DeployRequest; readonly ttlMs: number }
  | { readonly command: "commit" | "abort" | "revert"; readonly name: string; readonly id: string }
  | { readonly command: "remove"; readonly name: string }
  | { readonly command: "pause"; readonly name: string; readonly options: PauseOptions }
  | { readonly command: "stop"; readonly name: string; readonly options: StopOptions }
  | { readonly command: "resume"; readonly name: string }
  | { readonly command: "rollout-deploy"; readonly rollout: RolloutDeployRequest }
  | { readonly command: "rollout-set"; readonly name: string; readonly options: RolloutOptions }
  | { readonly command: "rollout-stop"; readonly name: string }
  | { readonly command: "list" }
  | { readonly command: "certificates" };

/** @throws ProxyError `protocol` for what is no request; `invalid-options`, `invalid-target`, `invalid-argument` */
export function parseRequest(line: Uint8Array): ControlRequest {
  const request = parseObject(line);
  const { version, command } = request;
  if (version !== PROTOCOL_VERSION) {
    throw new ProxyError(
      "protocol",
      `control protocol version ${JSON.stringify(version)} is not supported; supported: ${PROTOCOL_VERSION}`,
      { hint: "The command and the proxy are of different versions; use the command inside the proxy's container." },
    );
  }
  if (command === "list" || command === "certificates") return { command };
  if (command === "deploy") return { command, deploy: readDeploy(request) };
  if (command === "prepare") return { command, deploy: readDeploy(request), ttlMs: readPrepareTtl(request) };
  if (command === "commit" || command === "abort" || command === "revert") {
    const any = command === "abort" && (request["id"] ?? "") === "";
    return { command, name: readName(request["service"]), id: any ? "" : readId(request["id"]) };
  }
  if (command === "rollout-deploy") return { command, rollout: readRolloutDeploy(request) };
  if (command === "remove" || command === "resume" || command === "rollout-stop") {
    return { command, name: readName(request["service"]) };
  }
  const options = request["options"] ?? {};
  if (command === "pause") return { command, name: readName(request["service"]), options: readPauseOptions(options) };
  if (command === "stop") return { command, name: readName(request["service"]), options: readStopOptions(options) };
  if (command === "rollout-set") {
    return { command, name: readName(request["service"]), options: readRolloutOptions(options) };
  }
  throw new ProxyError(
    "protocol",
    `unknown control command ${typeof command === "string" ? quote(command.slice(0, 40)) : "(none)"} (protocol version ${PROTOCOL_VERSION})`,
  );
}

function parseObject(line: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line));
  } catch (error) {
    throw new ProxyError("protocol", "the request is not a line of JSON", { cause: error });
  }
  if (!isJsonObject(value)) throw new ProxyError("protocol", "the request is not a JSON object");
  return value;
}

function readDeploy(request: JsonObject): DeployRequest {
  const options = isJsonObject(request["options"]) ? request["options"] : {};
  return {
    name: readName(request["service"]),
    ...readBothTargets(request),
    service: readServiceOptions(options["service"] ?? {}),
    target: readTargetOptions(options["target"] ?? {}),
    deployment: readDeploymentOptions(options["deployment"] ?? {}),
  };
}

function readPrepareTtl(request: JsonObject): number {
  const fields = new OptionFields("prepare", { ttlMs: request["ttlMs"] });
  return fields.durationMs("ttlMs", DEFAULT_PREPARE_TTL_MS, { positive: true, label: "prepare-ttl" });
}

function readId(value: unknown): string {
  if (typeof value === "string" && /^[0-9a-f]{16}$/.test(value)) return value;
  throw new ProxyError("invalid-argument", "an id has 16 hexadecimal digits", {
    hint: "It is what deploy --prepare has printed.",
  });
}

/** All options but these are the service's own. */
function readRolloutDeploy(request: JsonObject): RolloutDeployRequest {
  const options = isJsonObject(request["options"]) ? request["options"] : {};
  return {
    name: readName(request["service"]),
    ...readBothTargets(request),
    deployment: readDeploymentOptions(options["deployment"] ?? {}),
  };
}

function readBothTargets(request: JsonObject): Pick<DeployRequest, "targets" | "readTargets"> {
  return {
    targets: [...new Set(readTargets(request["targets"]))].map(parseTargetAddress),
    readTargets: [...new Set(readFurtherTargets(request["readTargets"]))].map(parseTargetAddress),
  };
}
