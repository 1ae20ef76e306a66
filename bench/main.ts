/** The benchmark from beginning to end: options in, one table per scenario and the verdict on our bars out. */
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContenderName, contenders, field } from "./contender/catalogue.ts";
import { makeCertificate } from "./contender/certificate.ts";
import { type BenchOptions, helpText, readOptions, UsageError } from "./options.ts";
import { describeMachine, type Machine, machineLine, versionOf } from "./process/machine.ts";
import { verdicts } from "./report/acceptance.ts";
import { scenarioTable } from "./report/scenario-table.ts";
import { runScenario, type ScenarioResult } from "./rounds.ts";
import { scenarios } from "./scenario/catalogue.ts";
import type { Run } from "./scene.ts";

await main(process.argv.slice(2));

async function main(argv: string[]): Promise<void> {
  const options = optionsOf(argv);
  if (!options) return;
  const tools = ["nginx", "wrk", "taskset", ...(wantsTls(options) ? ["h2load", "openssl"] : [])];
  const lacking = tools.filter((tool) => versionOf("which", tool) === undefined);
  if (lacking.length > 0) {
    const packages = "nginx wrk util-linux nghttp2-client openssl";
    return fail(`bench needs ${lacking.join(", ")} on PATH (apt-get install ${packages})`);
  }
  const machine = describeMachine();
  console.log(machineLine(machine));
  const directory = mkdtempSync(join(logHome(), "kdeploy-bench-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  await bench(options, machine, directory);
}

async function bench(options: BenchOptions, machine: Machine, directory: string): Promise<void> {
  const run: Run = {
    names: field(options.only, options.withoutLog),
    options,
    cores: machine.pinned,
    directory,
    certificate: wantsTls(options) ? makeCertificate(directory) : undefined,
    progress: (line) => console.error(`  ${line}`),
  };
  console.log(`${versions(run.names)}\n${options.rounds} rounds of ${options.secondsPerRound} s\n`);
  const results: ScenarioResult[] = [];
  for (const name of options.scenarios) {
    const result = await runScenario(name, scenarios[name], run);
    results.push(result);
    console.log(`${scenarioTable(result)}\n`);
  }
  const judged = verdicts(results);
  if (judged.length > 0) console.log(judged.map(({ line }) => line).join("\n"));
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, json(machine, options, results));
  process.exit(judged.every(({ passed }) => passed) && !results.some(oursIsAbsent) ? 0 : 1);
}

/** Undefined when there is nothing to run: help was asked for, or the command line is wrong and that has been said. */
function optionsOf(argv: string[]): BenchOptions | undefined {
  try {
    const options = readOptions(argv);
    if (options !== "help") return options;
    console.log(helpText);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    fail(error.message);
  }
  return undefined;
}

function wantsTls(options: BenchOptions): boolean {
  return options.scenarios.some((name) => scenarios[name].tls);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

/** Logs go to memory where possible: a disk that writes back in the middle of a round is other work. */
function logHome(): string {
  try {
    accessSync("/dev/shm", constants.W_OK);
    return "/dev/shm";
  } catch {
    return tmpdir();
  }
}

function versions(names: ContenderName[]): string {
  return names.map((name) => `${name} ${contenders[name].version() ?? "(not installed)"}`).join(", ");
}

/** Our proxy failing the examination must not look like success because nothing was left to judge. */
function oursIsAbsent(result: ScenarioResult): boolean {
  return result.absent.some((words) => words.startsWith("ours "));
}

function json(machine: Machine, options: BenchOptions, results: ScenarioResult[]): string {
  const scenarios = results.map(({ name, contenders, absent }) => ({ name, contenders, absent }));
  return `${JSON.stringify({ machine, options, scenarios }, undefined, 2)}\n`;
}
