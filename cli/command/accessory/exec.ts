/** `kdeploy accessory exec`: a command in an accessory. */
import {
  type AccessoryExec,
  execInAccessory,
  prepareAccessoryTerminal,
} from "../../execute/operation/accessory-exec.ts";
import { defineCommand } from "../command.ts";
import { checkExclusive, commandLine, EXEC_OPTIONS, rawOutput, runInTerminal } from "../exec-options.ts";

export const command = defineCommand({
  description:
    "Runs it on each selected host of the accessory, in a new container with its image, variables and files. Put -- before a command whose options are also kdeploy's. With one host, ends with the exit code of the command. With --interactive, standard input goes to it, also from a file.",
  arguments: [{ name: "NAME" }, { name: "COMMAND", rest: true }],
  options: {
    ...EXEC_OPTIONS,
    interactive: { ...EXEC_OPTIONS.interactive, help: "with this terminal, on the first host of the accessory" },
    reuse: { kind: "bool", help: "in the container that runs, instead of a new one" },
  },
  needs: "work",
  changes: true,
  needsVersion: false,
  passesOptions: true,
  raw: ({ raw }) => raw,
  async run({ work, args: [name = "", ...words], options, terminal, redactor, lendTerminal }) {
    const { interactive, raw, reuse } = options;
    checkExclusive(options, [["raw", "interactive"]]);
    const exec: AccessoryExec = {
      command: commandLine(words),
      reuse,
      raw: raw ? rawOutput(terminal, { redact: (text) => redactor.redact(text) }) : undefined,
    };
    if (interactive) {
      const stdin = terminal.stdin.isTTY === true ? "terminal" : "stdin";
      return runInTerminal(work, await prepareAccessoryTerminal(work, name, exec, stdin), lendTerminal);
    }
    await execInAccessory(work, name, exec);
    return 0;
  },
});
