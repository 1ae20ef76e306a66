/** Events of a run in GitHub Actions → annotations of what went wrong, and a summary of the job's deploy. */
import { appendFileSync } from "node:fs";
import type { Failed, RunStarted, WorkEvent } from "../execute/event.ts";
import { onHost } from "../execute/work-error.ts";
import type { Listener } from "./listener.ts";
import { RunTime } from "./run-time.ts";
import type { Terminal } from "./terminal.ts";
import { duration, withoutControls } from "./words.ts";

/** Lines on standard error, which GitHub reads too: standard output may belong to a program. */
export function githubActions({ env, stderr }: Pick<Terminal, "env" | "stderr">): Listener {
  const runTime = new RunTime();
  const failures: Failed[] = [];
  let started: RunStarted | undefined;
  const report = (event: WorkEvent): void => {
    runTime.take(event);
    if (event.event === "run-started") started = event;
    if (event.event === "said" && event.kind === "warning") {
      stderr.write(annotation("warning", { title: "kdeploy" }, named(event.host, event.text)));
    }
    if (event.event === "failed") {
      failures.push(event);
      for (const line of annotationsOf(event)) stderr.write(line);
    }
    const file = env["GITHUB_STEP_SUMMARY"];
    if (event.event === "run-finished" && started?.changes === true && file !== undefined && file !== "") {
      const { durationMs, exitCode } = event;
      const text = summaryOf(started, exitCode, durationMs, runTime.spent(durationMs), failures);
      try {
        appendFileSync(file, text);
      } catch {
        // The deploy is what it is, with a summary or without.
      }
    }
  };
  return { report };
}

type Properties = Readonly<Record<string, string | undefined>>;

/** What is wrong in a file is shown there. */
function annotationsOf({ code, details, hint, host, message }: Failed): string[] {
  const title = `kdeploy: ${code}`;
  const places = message.split("\n").map((line) => /^(.+?):(\d+):(\d+) (.*)$/.exec(line));
  if (code === "config-invalid" && places.every((place) => place !== null)) {
    return places.map(([, file, line, col, text = ""]) => annotation("error", { file, line, col, title }, text));
  }
  const words = [named(host, message), ...details, ...(hint === undefined ? [] : [`Hint: ${hint}`])];
  return [annotation("error", { title }, words.join("\n"))];
}

function annotation(kind: "error" | "warning", properties: Properties, text: string): string {
  const given = Object.entries(properties).filter((one): one is [string, string] => one[1] !== undefined);
  const list = given.map(([key, value]) => `${key}=${escaped(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`);
  return `::${kind} ${list.join(",")}::${escaped(withoutControls(text))}\n`;
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function named(host: string | undefined, text: string): string {
  return host === undefined ? text : onHost(host, text);
}

function summaryOf(
  { command, destination, hosts, version }: RunStarted,
  exitCode: number,
  durationMs: number,
  spent: readonly (readonly [string, number])[],
  failures: readonly Failed[],
): string {
  const outcome = exitCode === 0 ? "done" : "failed";
  const facts = [
    ["version", version],
    ["destination", destination],
    ["hosts", hosts.join(", ")],
    ["time", duration(durationMs)],
    ...spent.map(([title, ms]) => [`— ${title}`, duration(ms)]),
  ].filter((row): row is [string, string] => row[1] !== undefined);
  const rows = facts.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |\n`).join("");
  const errors = failures.map(({ code, details, hint, host, message }) => {
    const lines = [named(host, message), ...details.map((line) => `  ${line}`)];
    const text = withoutControls(lines.join("\n")).replaceAll("```", "` ` `");
    return `\n**${code}**\n\n\`\`\`text\n${text}\n\`\`\`\n${hint === undefined ? "" : `\nHint: ${cell(hint)}\n`}`;
  });
  return `### kdeploy ${command}: ${outcome}\n\n| | |\n|---|---|\n${rows}${errors.join("")}\n`;
}

function cell(text: string): string {
  return withoutControls(text).replaceAll("\n", " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
