/** The servers and this machine → what a comparison needs: each host is asked once, and former hosts that the others remember, too. */
import { createHash } from "node:crypto";
import type { Accessory } from "../../config/config.ts";
import { files } from "../../remote/accessory.ts";
import { inventory } from "../../remote/inventory.ts";
import { type HostFacts, parseInventory } from "../../remote/inventory-facts.ts";
import type { Secret } from "../../secret/secret.ts";
import { allHosts } from "../../selection/selection.ts";
import { preparedFiles } from "../accessory-files.ts";
import { secretsOf } from "../container-secrets.ts";
import { inStep } from "../in-step.ts";
import { settleOnHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { type HostFailure, isCancelled, WorkError } from "../work-error.ts";
import type { Comparison } from "./comparison.ts";
import { isOurs, runs } from "./host-view.ts";

export type Gathered = {
  readonly comparison: Comparison;
  /** Of hosts that the configuration has. */
  readonly failures: readonly HostFailure[];
};

/** @throws KdeployError for secrets and files of this machine that are not to be had, and for a cancellation */
export async function gather(work: Work): Promise<Gathered> {
  const { config, selection } = work;
  const secrets = await allSecrets(work);
  const wanted = await filesToUpload(work);
  const { results, failures } = await inStep(work, "Ask the servers what they have", selection.hosts, () =>
    settleOnHosts(work, selection.hosts, (host) => ask(work, host, filesOn(work, wanted, host))),
  );
  const cancelled = failures.find(({ error }) => isCancelled(error));
  if (cancelled !== undefined) throw cancelled.error;
  // In the order of the selection, whoever was faster.
  const facts = new Map(selection.hosts.flatMap((host) => entryOf(results, host)));
  const former = await formerHosts(work, facts);
  return {
    comparison: {
      config,
      selection,
      facts,
      former,
      secretsOf: (env) =>
        new Map(
          env.secrets.flatMap(({ key, name }) => {
            const secret = Object.hasOwn(env.clear, name) ? undefined : secrets.get(key);
            return secret === undefined ? [] : [[name, secret] as const];
          }),
        ),
      files: wanted,
    },
    failures,
  };
}

/**
 * Whom the hosts remember, and the configuration does not have; those may remember others still. Whoever asks for certain hosts or
 * roles only is not told of others.
 */
async function formerHosts(
  work: Work,
  facts: ReadonlyMap<string, HostFacts>,
): Promise<ReadonlyMap<string, HostFacts | string>> {
  const configured = new Set(allHosts(work.config));
  const former = new Map<string, HostFacts | string>();
  const { hosts, roles } = work.selection;
  if (hosts.length < configured.size || roles.length < work.config.roles.length) return former;
  let known: readonly HostFacts[] = [...facts.values()];
  for (;;) {
    const remembered = known.flatMap((one) => one.hosts.map(({ host }) => host));
    const next = [...new Set(remembered)].filter((host) => !configured.has(host) && !former.has(host)).toSorted();
    if (next.length === 0) return former;
    const { failures, results } = await inStep(work, "Ask servers that left the configuration", next, () =>
      settleOnHosts(work, next, (host) => ask(work, host)),
    );
    for (const { host, error } of failures) {
      if (isCancelled(error)) throw error;
      former.set(host, error.message);
    }
    for (const [host, there] of results) former.set(host, there);
    known = [...results.values()];
  }
}

/** What it prints holds secrets of containers: it is not told to any reporter. */
async function ask(work: Work, host: string, files: readonly string[] = []): Promise<HostFacts> {
  const chunks: Uint8Array[] = [];
  const keep = (bytes: Uint8Array): undefined => void chunks.push(Uint8Array.from(bytes));
  const options = { reads: true, tolerate: true, level: "debug", onStdout: keep } as const;
  await runCommand(work, host, inventory(work.config, files), options);
  const facts = parseInventory(Buffer.concat(chunks).toString("utf8"));
  const isWhole = facts?.containers.every(
    (one) => !isOurs(work.config, one) || !runs(one) || facts.details.has(one.id),
  );
  if (facts === undefined || isWhole !== true) {
    throw new WorkError("command-failed", `${host}: the host's answers broke off, or something changed meanwhile.`, {
      host,
      hint: "try again; does the user have a POSIX shell there, and does ssh HOST true print nothing?",
    });
  }
  if (facts.logDriver !== "") return facts;
  throw new WorkError("docker-missing", `${host}: Docker does not answer.`, {
    host,
    hint: `kdeploy doctor -h ${host} says why`,
  });
}

/** By the names in the secrets files. */
async function allSecrets(work: Work): Promise<ReadonlyMap<string, Secret>> {
  const { accessories, roles } = work.config;
  const envs = [...roles.flatMap((role) => role.hosts.map(({ env }) => env)), ...accessories.map(({ env }) => env)];
  const found = new Map<string, Secret>();
  for (const env of envs) {
    const secrets = await secretsOf(work, env);
    for (const { key, name } of env.secrets) {
      const secret = secrets.get(name);
      if (secret !== undefined) found.set(key, secret);
    }
  }
  return found;
}

/** @throws WorkError `file-missing` */
async function filesToUpload(work: Work): Promise<Comparison["files"]> {
  const all = new Map<string, ReadonlyMap<string, string>>();
  for (const accessory of work.config.accessories) {
    const uploads = (await preparedFiles(work, accessory)).flatMap((one) => one.uploads);
    // A dry run renders no templates.
    const known = uploads.filter(({ path }) => !work.dryRun || !isTemplate(accessory, path));
    all.set(accessory.name, new Map(known.map(({ content, path }) => [path, sumOf(content)])));
  }
  return all;
}

function isTemplate(accessory: Accessory, path: string): boolean {
  return path.endsWith("erb") || files(accessory).some(({ local, remote }) => remote === path && local.endsWith("erb"));
}

function sumOf(content: Uint8Array | Secret): string {
  const hash = createHash("sha256");
  return (content instanceof Uint8Array ? hash.update(content) : hash.update(content.reveal())).digest("hex");
}

/** Of the accessories of one host. */
function filesOn({ config }: Work, wanted: Comparison["files"], host: string): string[] {
  const here = config.accessories.filter((accessory) => accessory.hosts.includes(host));
  return here.flatMap(({ name }) => [...(wanted.get(name)?.keys() ?? [])]);
}

function entryOf(results: ReadonlyMap<string, HostFacts>, host: string): [string, HostFacts][] {
  const found = results.get(host);
  return found === undefined ? [] : [[host, found]];
}
