/** A program of one command that works until it is interrupted, then puts in order what it began, or never ends. */
import { setTimeout as pause } from "node:timers/promises";
import { defineCommand } from "../../../../cli/command/command.ts";
import { runProgram } from "../../../../cli/command/program.ts";
import { KdeployError } from "../../../../cli/errors.ts";

const wait = defineCommand({
  options: {
    stubborn: { kind: "bool", help: "" },
    ask: { kind: "bool", help: "" },
    follow: { kind: "bool", help: "" },
  },
  needs: "work",
  changes: true,
  endedByInterruption: ({ follow }) => follow,
  async run({ work, options, confirm }) {
    work.report({ event: "step-started", id: 1, title: "Work", hosts: ["app1"] });
    work.report({ event: "said", kind: "progress", text: "at work" });
    if (options.ask) await confirm("Go on?");
    await new Promise((resolve) => {
      const alive = setInterval(() => {}, 1_000);
      work.signal.addEventListener("abort", () => {
        if (options.stubborn) return;
        clearInterval(alive);
        resolve(undefined);
      });
    });
    if (options.follow) return 0;
    await pause(50);
    work.report({ event: "said", kind: "progress", text: "lock released" });
    throw new KdeployError("cancelled", "the deploy was cancelled", { exitClass: "interrupted" });
  },
});

const { stdin, stdout, stderr, env } = process;
const terminal = { stdin, stdout, stderr, env, cwd: process.cwd() };
const words = process.argv.slice(2);
process.exitCode = await runProgram(words, terminal, [{ name: "deploy", summary: "Waits", load: async () => wait }]);
