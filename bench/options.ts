/** Reads the benchmark's command line: in goes argv, out comes a checked record or the help text. */
import { parseArgs } from "node:util";
import { type ContenderName, contenderNames } from "./contender/catalogue.ts";
import { type ScenarioName, scenarioNames } from "./scenario/catalogue.ts";

export interface BenchOptions {
  /** Names from the contender catalogue; undefined means the default field. */
  only: ContenderName[] | undefined;
  scenarios: ScenarioName[];
  rounds: number;
  secondsPerRound: number;
  withoutLog: boolean;
  jsonFile: string | undefined;
}

export class UsageError extends Error {}

/** Returns the options, or the string "help" when that was asked for. Throws UsageError with a sentence to print. */
export function readOptions(argv: string[]): BenchOptions | "help" {
  const { values } = parsed(argv);
  if (values.help) return "help";
  return {
    only: names(values.only, "only", contenderNames),
    scenarios: names(values.scenario, "scenario", scenarioNames) ?? scenarioNames,
    rounds: wholeNumber(values.rounds, "rounds", 20),
    secondsPerRound: wholeNumber(values.seconds, "seconds", 60),
    withoutLog: values["no-log"],
    jsonFile: values.json,
  };
}

export const helpText = `Usage: npm run bench -- [options]

  --only a,b        contenders: ${contenderNames.join(", ")}
  --scenario a,b    scenarios: ${scenarioNames.join(", ")}
  --rounds N        interleaved rounds per contender (default 3, at most 20)
  --seconds N       length of a round (default 5, at most 60)
  --no-log          adds nginx, haproxy and ours without a log, and ours with metrics
  --json FILE       also writes every figure of every round
  --help

The figure to trust is CPU time of the proxy per request. See bench/README.md.`;

function parsed(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      strict: true,
      options: {
        only: { type: "string" },
        scenario: { type: "string" },
        rounds: { type: "string", default: "3" },
        seconds: { type: "string", default: "5" },
        "no-log": { type: "boolean", default: false },
        json: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function names<Name extends string>(value: string | undefined, option: string, known: Name[]): Name[] | undefined {
  return value?.split(",").map((text) => {
    const name = known.find((candidate) => candidate === text.trim());
    if (name === undefined) throw new UsageError(`--${option}: "${text}" is not one of ${known.join(", ")}`);
    return name;
  });
}

function wholeNumber(value: string, option: string, atMost: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= atMost) return number;
  throw new UsageError(`--${option}: "${value}" is not a whole number from 1 to ${atMost}`);
}
