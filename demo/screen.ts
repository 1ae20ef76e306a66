/** Everything the demo prints: headings, one row per cutover, a live line on a terminal, colour only there. */
import { styleText } from "node:util";

export type Paint = "bold" | "dim" | "red" | "green" | "cyan" | "magenta" | "yellow";

export interface Cell {
  text: string;
  paint?: Paint;
}

interface Column {
  heading: string;
  width: number;
}

/** Together at most 98 characters wide. */
const columns: Column[] = [
  { heading: "#", width: 2 },
  { heading: "serves now", width: 14 },
  { heading: "new after", width: 9 },
  { heading: "deploy", width: 9 },
  { heading: "requests", width: 9 },
  { heading: "failed", width: 6 },
  { heading: "p50 ms", width: 6 },
  { heading: "p99 ms", width: 6 },
  { heading: "WebSockets", width: 10 },
  { heading: "download", width: 8 },
];

const terminal = process.stdout.isTTY && process.env.NO_COLOR === undefined;
let liveLine = false;

export function say(text = ""): void {
  clearLive();
  process.stdout.write(`${text}\n`);
}

export function heading(text: string): void {
  say();
  say(paint("bold", text));
}

export function tableHead(): void {
  say(paint("bold", columns.map(({ heading, width }, index) => align(heading, width, index)).join("  ")));
}

export function tableRow(cells: Cell[]): void {
  const padded = columns.map(({ width }, index) => {
    const cell = cells[index] ?? { text: "" };
    const text = align(cell.text, width, index);
    return cell.paint ? paint(cell.paint, text) : text;
  });
  say(padded.join("  ").trimEnd());
}

/** Replaces itself on a terminal; elsewhere it would only fill a log, so nothing is printed. */
export function live(text: string): void {
  if (!process.stdout.isTTY) return;
  process.stdout.write(`\r\u001b[2K${text}`);
  liveLine = true;
}

export function paint(style: Paint, text: string): string {
  return terminal ? styleText(style, text, { validateStream: false }) : text;
}

export function versionPaint(version: string): Paint {
  return version === "v1" ? "cyan" : "magenta";
}

export function count(value: number): string {
  return value.toLocaleString("en");
}

export function milliseconds(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "–" : `${count(Math.round(value))} ms`;
}

function clearLive(): void {
  if (liveLine) process.stdout.write("\r\u001b[2K");
  liveLine = false;
}

/** The first two columns read from the left, numbers from the right. */
function align(text: string, width: number, index: number): string {
  return index < 2 ? text.padEnd(width) : text.padStart(width);
}
