/** Turns the rounds of a scenario into the printed table: medians, spread and ratios to the peers. */
import { disturbedAbove } from "../process/other-work.ts";
import type { ContenderResult, ScenarioResult } from "../rounds.ts";
import type { Round } from "../scene.ts";
import { median } from "./statistics.ts";
import { table } from "./table.ts";

const peers = ["nginx", "haproxy", "node-http-pipe", "caddy"];
const missing = "–";

export function scenarioTable(result: ScenarioResult): string {
  const { main, columns: others } = result.scenario;
  const present = peers.filter((peer) => result.contenders.some(({ name }) => name === peer));
  const headings = [
    "contender",
    main.heading,
    "min–max",
    ...present.map((peer) => `× ${peer}`),
    ...others.map(({ heading }) => heading),
    "rounds",
  ];
  const rows = result.contenders.map((contender) => {
    const spread = values(result, contender, main.key);
    const ratios = present.map((peer) => ratioText(result, contender.name, peer, main.key));
    return [
      contender.name,
      main.format(median(spread)),
      `${main.format(Math.min(...spread))}–${main.format(Math.max(...spread))}`,
      ...ratios,
      ...others.map(({ key, format }) => format(median(values(result, contender, key)))),
      roundsText(contender),
    ];
  });
  const body = rows.length > 0 ? table(headings, rows) : "nobody ran";
  const notes = [...disturbedNote(result), ...result.contenders.flatMap(failureNotes), ...result.absent];
  return [result.scenario.title, body, ...notes.map((note) => `! ${note}`)].join("\n");
}

/** Median over the undisturbed rounds, or over all when there is no undisturbed one; NaN when it did not run. */
export function figure(result: ScenarioResult, name: string, key: string): number {
  const contender = result.contenders.find((candidate) => candidate.name === name);
  return contender ? median(values(result, contender, key)) : Number.NaN;
}

/** Whether at least one round of it ran while nobody else used the machine. */
export function wasQuiet(result: ScenarioResult, name: string): boolean {
  return result.contenders.find((candidate) => candidate.name === name)?.rounds.some(isQuiet) ?? false;
}

function values(result: ScenarioResult, contender: ContenderResult, key: string): number[] {
  return counted(result, contender).map(({ figures }) => figures[key] ?? Number.NaN);
}

/** Memory and failure counts are what they are; only times suffer from what else the machine does. */
function counted({ scenario }: ScenarioResult, { rounds }: ContenderResult): Round[] {
  const quiet = scenario.measuresTime ? rounds.filter(isQuiet) : rounds;
  return quiet.length > 0 ? quiet : rounds;
}

function isQuiet({ otherWork }: Round): boolean {
  return otherWork <= disturbedAbove;
}

function ratioText(result: ScenarioResult, name: string, peer: string, key: string): string {
  const ratio = figure(result, name, key) / figure(result, peer, key);
  return Number.isFinite(ratio) ? ratio.toFixed(2) : missing;
}

/** "3" when all rounds were quiet, "2/3" when one was disturbed, "0/3!" when every round was. */
function roundsText(contender: ContenderResult): string {
  const quiet = contender.rounds.filter(isQuiet).length;
  const all = contender.rounds.length;
  if (quiet === all) return String(all);
  return quiet === 0 ? `0/${all}!` : `${quiet}/${all}`;
}

function disturbedNote(result: ScenarioResult): string[] {
  const disturbed = result.contenders.filter(({ name }) => !wasQuiet(result, name)).map(({ name }) => name);
  if (disturbed.length === 0) return [];
  const what = result.scenario.measuresTime ? "these figures" : "the times";
  return [`${disturbed.join(", ")}: other programs used the machine in every round; do not trust ${what}`];
}

function failureNotes(contender: ContenderResult): string[] {
  const failures = contender.rounds.reduce((total, { figures }) => total + (figures.failures ?? 0), 0);
  const logged = Math.min(...contender.rounds.map((round) => round.loggedShare ?? 1));
  const notes: string[] = [];
  if (failures > 0) notes.push(`${contender.name}: ${failures} failed requests`);
  if (logged < 0.99)
    notes.push(`${contender.name}: only ${(logged * 100).toFixed(1)} % of the requests are in its log`);
  return notes;
}
