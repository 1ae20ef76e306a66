/** Events → the lines that people read, coloured where somebody looks. What a terminal would obey is taken out. */
import { styleText } from "node:util";
import type {
  Checked,
  CommandFinished,
  CommandOutput,
  CommandStarted,
  Differs,
  Failed,
  HostOutput,
  Said,
  StepStarted,
} from "../execute/event.ts";
import { namesHost } from "../execute/work-error.ts";
import type { OutputStream, Terminal } from "./terminal.ts";

type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** Colours for a terminal, unless NO_COLOR asks for none; FORCE_COLOR has them everywhere. */
export function painter({ env }: Terminal, stream: OutputStream): Paint {
  const forced = env["FORCE_COLOR"];
  const wanted =
    forced === undefined || forced === ""
      ? stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb"
      : forced !== "0" && forced !== "false";
  return wanted ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}

/** Source: cli-commands §2. */
export function startedLine({ id, host, shown }: CommandStarted, level: string, paint: Paint): string {
  return `${levelText(level)} [${paint("green", id)}] Running ${paint(["bold", "yellow"], inLine(shown))} on ${paint("blue", inLine(host))}`;
}

export function finishedLine({ id, exitCode, durationMs }: CommandFinished, level: string, paint: Paint): string {
  const seconds = paint("bold", (durationMs / 1000).toFixed(3));
  const outcome =
    exitCode === 0
      ? paint(["bold", "green"], "0 (successful)")
      : paint(
          ["bold", "red"],
          exitCode === null ? "unknown (ended by a signal or a lost connection)" : `${exitCode} (failed)`,
        );
  return `${levelText(level)} [${paint("green", id)}] Finished in ${seconds} seconds with exit status ${outcome}.`;
}

export function outputLine({ id, level, line }: CommandOutput, paint: Paint): string {
  return `${levelText(level)} [${paint("green", id)}] \t${inLine(line)}`;
}

export function saidLines({ kind, text, host }: Said, paint: Paint): string[] {
  // Some sentences begin with it, or say it in their first words.
  const named = host === undefined || text.startsWith(host) || text.includes(` on ${host}: `);
  const where = named ? "" : `${inLine(host)}: `;
  const lines = withoutControls(text).split("\n");
  const style = kind === "warning" ? "yellow" : "magenta";
  return lines.map((line, at) => {
    const words = at === 0 ? `${where}${kind === "warning" ? "Warning: " : ""}${line}` : line;
    return kind === "notice" ? words : paint(style, words);
  });
}

/** `Pull image on app1...` */
export function stepTitle({ title, hosts }: StepStarted): string {
  const [host] = hosts;
  return `${inLine(title)}${host !== undefined && hosts.length === 1 ? ` on ${inLine(host)}` : ""}...`;
}

/** A title, what the host printed, and an empty line. */
export function hostOutput({ title, host, text }: HostOutput, paint: Paint): string {
  return `${paint("cyan", `${inLine(title)}: ${inLine(host)}`)}\n${withLineEnd(withoutControls(text))}\n`;
}

/** `  ERROR (code) on host: …`, its details, its hint. */
export function failedLines({ code, host, message, hint, details }: Failed, paint: Paint): string[] {
  const where = host === undefined || namesHost(message, host) ? "" : ` on ${inLine(host)}`;
  const [first = "", ...more] = withoutControls(message).split("\n");
  const lines = [paint("red", `  ERROR (${code})${where}: ${first}`), ...more.map((line) => paint("red", `  ${line}`))];
  lines.push(...details.flatMap((detail) => withoutControls(detail).split("\n")).map((line) => `    ${line}`));
  if (hint !== undefined) lines.push(paint("yellow", `  Hint: ${withoutControls(hint)}`));
  return lines;
}

const VERDICTS = { ok: "green", warning: "yellow", problem: "red", skipped: "dim" } as const;

/** `problem  app1  Docker is not installed.`, and its hint. */
export function checkedLines({ host, verdict, text, hint }: Checked, paint: Paint): string[] {
  const where = host === undefined ? "" : `${paint("blue", inLine(host))}  `;
  const lines = [`${paint(VERDICTS[verdict], verdict.padEnd(7))}  ${where}${inLine(text)}`];
  return hint === undefined ? lines : [...lines, paint("yellow", `         Hint: ${inLine(hint)}`)];
}

/** `app1  The role jobs left the configuration.`, and what to do about it. */
export function differsLines({ host, text, remedy }: Differs, paint: Paint): string[] {
  const where = host === undefined ? "" : `${paint("blue", inLine(host))}  `;
  return [`${where}${inLine(text)}`, paint("yellow", `  ${inLine(remedy)}`)];
}

/** `41 ms`, `1.2 s`, `3 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  return ms < 59_950 ? `${(ms / 1000).toFixed(1)} s` : wholeSeconds(Math.round(ms / 1000) * 1000);
}

/** For what goes on still: `7 s`, `3 min 05 s`. */
export function wholeSeconds(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

export function withLineEnd(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** Tabs and newlines stay: everything else that a terminal would obey goes. */
export function withoutControls(text: string): string {
  return text
    .replaceAll(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])/g, "")
    .replaceAll(/\r+\n/g, "\n")
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

export function inLine(text: string): string {
  return withoutControls(text).replaceAll("\n", " ⏎ ");
}

/** Right-aligned to six columns. */
function levelText(level: string): string {
  return level.toUpperCase().padStart(6);
}
