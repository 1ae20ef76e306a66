/** How long a takeover of a version takes on the three servers of the bed, and where the time goes: options in, tables out. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FILES } from "../../test/bed/layout.ts";
import { AppProject } from "../../test/support/bed/app-project.ts";
import { pushVersion } from "../../test/support/bed/pushed-version.ts";
import { type Bed, startBed } from "../../test/support/bed/servers.ts";
import { nodeImage } from "../../test/support/docker/images.ts";
import { describeMachine, machineLine } from "../process/machine.ts";
import { median } from "../report/statistics.ts";
import { table } from "../report/table.ts";
import { type MeasuredRun, measuredRun } from "./measured-run.ts";

const HELP = `Usage: npm run bench -- deploy-time [options]

  --rounds N      interleaved rounds (default 5)
  --away MS       milliseconds of a round trip that servers are away (default 0: on this machine)
  --against DIR   another checkout of kdeploy, in turns with this one
  --help

Needs the bed of servers: test/bed/README.md.`;

const HERE = join(import.meta.dirname, "../..");
const COMMANDS = ["deploy", "redeploy", "rollback"] as const;

type Contender = { readonly name: string; readonly program: string };
type Measured = { readonly contender: string; readonly command: string; readonly runs: MeasuredRun[] };

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== "deploy-time"),
    options: {
      rounds: { type: "string", default: "5" },
      away: { type: "string", default: "0" },
      against: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return console.log(HELP);
  const rounds = wholeNumber("rounds", values.rounds, 1);
  const awayMs = wholeNumber("away", values.away, 0);
  const contenders: Contender[] = [{ name: "this", program: join(HERE, "cli/kdeploy.mjs") }];
  if (values.against !== undefined) {
    contenders.push({ name: values.against, program: join(values.against, "cli/kdeploy.mjs") });
  }
  console.log(machineLine(describeMachine()));
  console.log(`${rounds} rounds, servers ${awayMs} ms away\n`);
  const bed = await startBed();
  const project = await AppProject.create();
  try {
    await bed.reset();
    console.log(told(await measure(bed, project, contenders, rounds, awayMs)));
  } finally {
    await project.remove();
    await bed.reset();
    await bed.end();
  }
}

/** In each round every contender deploys a new version, deploys the one before again, and goes back. */
async function measure(
  bed: Bed,
  project: AppProject,
  contenders: readonly Contender[],
  rounds: number,
  awayMs: number,
): Promise<Measured[]> {
  const env = { NODE_IMAGE: await nodeImage() };
  await project.commit("all");
  await moveAway(project, awayMs);
  await pushVersion(bed, project, "v0");
  const run = ({ program }: Contender, version: string, words: readonly string[]) =>
    measuredRun(program, words, { cwd: project.folder, version, env });
  await run(contenders[0] as Contender, "v0", ["setup", "--skip-push", "--version", "v0"]);
  const all: Measured[] = contenders.flatMap(({ name }) =>
    COMMANDS.map((command) => ({ contender: name, command, runs: [] })),
  );
  let made = 0;
  // The first round warms up, and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const contender of contenders) {
      const [before, version] = [`v${made}`, `v${++made}`];
      await pushVersion(bed, project, version);
      const words = {
        deploy: ["deploy", "--skip-push", "--version", version],
        redeploy: ["redeploy", "--skip-push", "--version", before],
        rollback: ["rollback", version],
      };
      for (const command of COMMANDS) {
        const result = await run(contender, command === "redeploy" ? before : version, words[command]);
        process.stderr.write(
          `  ${contender.name}: ${command} ${(result.totalMs / 1000).toFixed(1)} s${round === 0 ? ", warm-up" : ""}\n`,
        );
        const measured = all.find((one) => one.contender === contender.name && one.command === command);
        if (round > 0) measured?.runs.push(result);
      }
    }
  }
  return all;
}

/** By way of a ProxyCommand, in an OpenSSH configuration of the project's own. */
async function moveAway(project: AppProject, awayMs: number): Promise<void> {
  if (awayMs === 0) return;
  const path = join(project.folder, "ssh_config");
  const program = join(import.meta.dirname, "delayed-connection.ts");
  const command = `Host *\n  ProxyCommand ${process.execPath} ${program} ${awayMs} %h %p\n\n`;
  await writeFile(path, command + (await readFile(FILES.sshConfig, "utf8")));
  await project.change("config/deploy.yml", (text) => text.replace(/config: <%= ENV.*ssh_config/, `config: ${path}`));
}

function told(all: readonly Measured[]): string {
  const rows = all.map(({ contender, command, runs }) => {
    const totals = runs.map(({ totalMs }) => totalMs);
    const [middle, least, most] = [median(totals), Math.min(...totals), Math.max(...totals)];
    const commands = median(runs.map((run) => run.commands));
    return [`${command}, ${contender}`, ...[middle, least, most].map(seconds), String(commands)];
  });
  const totals = table(["median of the rounds, s", "total", "least", "most", "commands"], rows);
  return [totals, ...COMMANDS.map((command) => breakdown(command, all))].join("\n\n");
}

/** A column for each contender. */
function breakdown(command: string, all: readonly Measured[]): string {
  const own = all.filter((one) => one.command === command);
  const titles = [...new Set(own.flatMap(({ runs }) => runs.flatMap(({ steps }) => [...steps.keys()])))];
  const middle = (runs: readonly MeasuredRun[], of: (run: MeasuredRun) => number) => seconds(median(runs.map(of)));
  const rows = titles.map((title) => [
    title,
    ...own.map(({ runs }) => middle(runs, ({ steps }) => steps.get(title) ?? 0)),
  ]);
  const inSteps = ({ steps }: MeasuredRun): number => [...steps.values()].reduce((sum, ms) => sum + ms, 0);
  const rest = own.map(({ runs }) => middle(runs, (run) => run.totalMs - inSteps(run)));
  return table([`${command}, s`, ...own.map(({ contender }) => contender)], [...rows, ["between steps", ...rest]]);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  throw new RangeError(`--${name}: ${JSON.stringify(text)} is not a whole number from ${least} on`);
}
