/** The words of `secrets fetch` → the values, by name; all of them, and the sessions they needed, are known to the redactor. */
import { KdeployError } from "../../errors.ts";
import { Secret } from "../secret.ts";
import type { Adapter } from "./adapter.ts";
import { ADAPTERS, adapterNamed } from "./adapters.ts";
import { adapterMissing } from "./failure.ts";
import { openProgram, type Program, type Surroundings } from "./program.ts";

export interface FetchRequest {
  readonly adapter: string;
  readonly account: string | undefined;
  readonly from: string | undefined;
  readonly names: readonly string[];
}

/** @throws KdeployError usage, `adapter-missing`, `adapter-failed`, `secret-not-found`, `cancelled` */
export async function fetchSecrets(
  request: FetchRequest,
  surroundings: Surroundings,
): Promise<ReadonlyMap<string, string>> {
  const entry = adapterNamed(request.adapter);
  if (entry === undefined) {
    throw new KdeployError("adapter-unknown", `there is no adapter ${request.adapter}`, {
      exitClass: "usage",
      hint: `there are ${ADAPTERS.map(({ name }) => name).join(", ")}; exec runs any program that prints JSON`,
    });
  }
  const { adapter } = await entry.load();
  checkRequest(adapter, entry.name, request);
  const open = (program: string): Program => openProgram(program, surroundings);
  if (adapter.program !== undefined) await checkInstalled(adapter.program, open);
  const { names, from, account = "" } = request;
  const { redactor, env } = surroundings;
  const values = await adapter.fetch({ names, from, account, env, redactor, open });
  for (const value of values.values()) if (!/^(?:true|false|null)$/.test(value)) redactor.add(new Secret(value));
  return values;
}

function checkRequest(adapter: Adapter, title: string, { account, from, names }: FetchRequest): void {
  if (adapter.account === "required" && !account) throw missing(`${title} needs --account ACCOUNT`);
  if (adapter.from !== undefined && !from) throw missing(`${title} needs --from: ${adapter.from}`);
  if (adapter.fetchesAll !== true && names.length === 0) throw missing(`${title} needs NAMES of secrets`);
  if (names.includes("")) throw missing(`a name is empty`, "a variable that is not set makes an empty word");
}

function missing(message: string, hint?: string): KdeployError {
  return new KdeployError("argument-missing", message, { exitClass: "usage", hint });
}

async function checkInstalled(
  { name, version, install }: NonNullable<Adapter["program"]>,
  open: (program: string) => Program,
): Promise<void> {
  const found = await open(name)
    .probe(version)
    .catch((error: unknown) => {
      if (error instanceof KdeployError && error.code !== "adapter-missing") throw error;
      return undefined;
    });
  if (found === undefined) {
    throw adapterMissing(
      `${name} is not installed, or does not run: ${[name, ...version].join(" ")}`,
      `see ${install}`,
    );
  }
}
