import { expect, test } from "vitest";
import { logPrefix } from "../../../cli/report/log-prefix.ts";
import { memoryTerminal } from "../command/memory-terminal.ts";

const ONE = { host: "one", name: "web" };
const THREE = { host: "three", name: "worker" };

test("one source needs no name", () => {
  expect(logPrefix([ONE], memoryTerminal())(ONE)).toBe("");
});

test("names are as wide as the longest", () => {
  const prefix = logPrefix([ONE, THREE], memoryTerminal());
  expect([prefix(ONE), prefix(THREE)]).toEqual(["one web      | ", "three worker | "]);
});

test("each has a colour of its own, on a terminal", () => {
  const terminal = memoryTerminal({ env: { FORCE_COLOR: "1" } });
  const prefix = logPrefix([ONE, THREE], terminal);
  expect([prefix(ONE), prefix(THREE)]).toEqual([
    "\u001b[36mone web      |\u001b[39m ",
    "\u001b[33mthree worker |\u001b[39m ",
  ]);
});

test("a name cannot drive the terminal", () => {
  const odd = { host: "one\u001b[2J", name: "web" };
  expect(logPrefix([odd, THREE], memoryTerminal())(odd)).toBe("one web      | ");
});
