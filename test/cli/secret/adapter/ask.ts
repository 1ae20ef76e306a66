/** One `secrets fetch` in a test: what the managers hold and the request go in; values, failure, what was said and the calls come out. */
import { KdeployError } from "../../../../cli/errors.ts";
import { type FetchRequest, fetchSecrets } from "../../../../cli/secret/adapter/fetch-secrets.ts";
import type { Surroundings } from "../../../../cli/secret/adapter/program.ts";
import { Redactor } from "../../../../cli/secret/redactor.ts";
import { type ManagerCall, type SecretManagers, secretManagers } from "../../../support/secret-managers.ts";

export type Asked = {
  readonly values: Readonly<Record<string, string>> | undefined;
  readonly failure: KdeployError | undefined;
  readonly said: string;
  readonly calls: readonly ManagerCall[];
  readonly redactor: Redactor;
};

export type Question = Omit<FetchRequest, "account" | "from" | "names"> &
  Partial<FetchRequest> & {
    readonly states?: Readonly<Record<string, unknown>>;
    readonly env?: Readonly<Record<string, string>>;
    readonly more?: Partial<Surroundings>;
    readonly managers?: SecretManagers;
  };

export async function ask({ states = {}, env, more, managers, ...request }: Question): Promise<Asked> {
  const there = managers ?? (await secretManagers(states));
  const redactor = new Redactor();
  let said = "";
  const surroundings: Surroundings = {
    cwd: there.folder,
    env: { ...there.env, ...env },
    redactor,
    tell: (text) => void (said += text),
    ownTerminal: false,
    ...more,
  };
  const outcome = await fetchSecrets(
    { account: undefined, from: undefined, names: [], ...request },
    surroundings,
  ).catch((error: unknown) => {
    if (error instanceof KdeployError) return error;
    throw error;
  });
  return {
    values: outcome instanceof KdeployError ? undefined : Object.fromEntries(outcome),
    failure: outcome instanceof KdeployError ? outcome : undefined,
    said,
    calls: await there.calls(),
    redactor,
  };
}

/** `op item get App …`, one line for each call. */
export function lines({ calls }: Asked): string[] {
  return calls.map(({ program, args }) => [program, ...args].join(" "));
}
