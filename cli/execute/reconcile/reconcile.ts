/** What differs from the configuration is removed or made anew, when the person agrees. A second one has nothing to do. */
import { KdeployError } from "../../errors.ts";
import { allHosts } from "../../selection/selection.ts";
import { say } from "../in-step.ts";
import { throwFailures } from "../on-hosts.ts";
import { underLock } from "../operation/under-lock.ts";
import { throwIfCancelled } from "../pause.ts";
import type { Work } from "../work.ts";
import { compare } from "./compare.ts";
import type { Comparison } from "./comparison.ts";
import { tell } from "./diff.ts";
import { type Difference, doing, type Part, partOf } from "./difference.ts";
import { type Gathered, gather } from "./gather.ts";
import { forget, removeOrphans } from "./remove-orphans.ts";
import { bootRoles, renewAccessories, renewRoutes, replaceProxies, startProxies } from "./renew.ts";
import { questionAbout } from "./words.ts";

export type Reconciling = {
  readonly parts: readonly Part[];
  /** Hosts that are gone for good. */
  readonly forget: readonly string[];
  readonly confirm: (question: string) => Promise<void>;
};

/**
 * First what serves is renewed, then what is left over goes: requests of neither are lost.
 * @throws KdeployError `declined`; with nothing changed when a host of the configuration cannot be asked; what a boot throws
 */
export async function reconcile(work: Work, options: Reconciling): Promise<void> {
  refuseConfigured(work, options.forget);
  await underLock(work, async (locked) => {
    const found = await look(locked, options);
    tell(locked, found.differences);
    const wanted = withoutFilesInUse(found.differences, options);
    const left = found.differences.length - wanted.length;
    if (wanted.length > 0) await options.confirm(questionAbout(wanted));
    await carryOut(locked, { ...found, differences: wanted }, options);
    const words = [wanted.length === 0 ? "There is nothing to do." : "", leftInWords(left)].join(" ").trim();
    if (words !== "") say(locked, "progress", words);
  });
}

type Found = { readonly comparison: Comparison; readonly differences: readonly Difference[] };

async function look(work: Work, options: Reconciling): Promise<Found> {
  const { comparison, failures }: Gathered = await gather(work);
  throwFailures(work, failures);
  const known = [...comparison.facts.values()].flatMap((facts) => facts.hosts.map(({ host }) => host));
  for (const host of options.forget) {
    if (!known.includes(host)) say(work, "notice", `${host} is in no record of this app.`);
  }
  const differences = compare(comparison).filter((one) => one.host === undefined || !options.forget.includes(one.host));
  return {
    comparison,
    differences: [...differences, ...forgotten(options.forget.filter((one) => known.includes(one)))],
  };
}

async function carryOut(work: Work, found: Found, options: Reconciling): Promise<void> {
  const { comparison, differences } = found;
  await startProxies(work, differences);
  await replaceProxies(work, differences);
  await renewAccessories(work, differences);
  const renewed = await afterProxies(work, found, options);
  await bootRoles(work, renewed);
  await renewRoutes(work, renewed);
  throwIfCancelled(work.signal);
  await removeOrphans(work, differences);
  await forget(work, comparison, [
    ...doing(differences, "leave-host").map(({ subject }) => subject),
    ...doing(differences, "forget-host").map(({ subject }) => subject),
    ...(options.parts.includes("orphans") ? cleanHosts(comparison) : []),
  ]);
}

/** A proxy that has just been started can be asked for its routes only now. */
async function afterProxies(work: Work, { differences }: Found, options: Reconciling): Promise<readonly Difference[]> {
  if (work.dryRun || doing(differences, "boot-proxy").length === 0) return differences;
  const again = await look(work, options);
  return again.differences.filter((one) => isWanted(one, options));
}

function isWanted(one: Difference, { parts }: Reconciling): boolean {
  const part = partOf(one);
  return one.action.do === "forget-host" || (part !== undefined && parts.includes(part));
}

const RENEWING: ReadonlySet<Difference["action"]["do"]> = new Set([
  "boot",
  "route",
  "reboot-accessory",
  "route-accessory",
]);

/** What stays as it is on a host may still have need of files there that the configuration has none of. */
function withoutFilesInUse(differences: readonly Difference[], options: Reconciling): Difference[] {
  const wanted = differences.filter((one) => isWanted(one, options));
  const staying = differences.filter((one) => RENEWING.has(one.action.do) && !wanted.includes(one));
  const hosts = new Set(staying.map(({ host }) => host));
  return wanted.filter(({ action, host }) => action.do !== "remove-files" || !hosts.has(host));
}

/** Former hosts without anything of the app. */
function cleanHosts(comparison: Comparison): string[] {
  const left = compare(comparison);
  return [...comparison.former].flatMap(([host, there]) =>
    typeof there === "string" || left.some((one) => one.host === host) ? [] : [host],
  );
}

function forgotten(hosts: readonly string[]): Difference[] {
  return hosts.map((host) => ({
    host,
    subject: host,
    kind: "host-left",
    text: `${host} left the configuration.`,
    remedy: "reconcile forgets it, and changes nothing there",
    action: { do: "forget-host" },
  }));
}

function refuseConfigured({ config }: Work, hosts: readonly string[]): void {
  const wrong = hosts.find((host) => allHosts(config).includes(host));
  if (wrong === undefined) return;
  throw new KdeployError("option-invalid", `--forget ${wrong}: the configuration has this host.`, {
    exitClass: "usage",
    hint: "take it out of the configuration first",
  });
}

function leftInWords(count: number): string {
  if (count === 0) return "";
  return count === 1 ? "One difference is left to you." : `${count} differences are left to you.`;
}
