/** `kdeploy app exec`: a command in containers of the app. */
import { type AppExec, execInApp, prepareTerminalExec } from "../../execute/operation/app-exec.ts";
import { defineCommand } from "../command.ts";
import { checkExclusive, commandLine, EXEC_OPTIONS, rawOutput, runInTerminal, variables } from "../exec-options.ts";

export const command = defineCommand({
  description:
    "Runs it once for each selected role on each of its hosts, in a new container of the version that is deployed there. Put -- before a command whose options are also kdeploy's. With one host, ends with the exit code of the command.",
  arguments: [{ name: "COMMAND", rest: true }],
  options: {
    ...EXEC_OPTIONS,
    reuse: { kind: "bool", help: "in the container that runs, instead of a new one" },
    env: {
      kind: "strings",
      short: "e",
      placeholder: "NAME:VALUE",
      help: "a variable for the command; may be repeated",
    },
    detach: { kind: "bool", help: "do not wait for its end" },
  },
  needs: "work",
  changes: true,
  needsVersion: false,
  passesOptions: true,
  raw: ({ raw }) => raw,
  async run({ work, args, options, shared, terminal, redactor, lendTerminal }) {
    const { detach, env, interactive, raw, reuse } = options;
    checkExclusive(options, [
      ["detach", "interactive"],
      ["detach", "reuse"],
      ["raw", "interactive"],
      ["raw", "detach"],
    ]);
    const exec: AppExec = {
      command: commandLine(args),
      version: shared.version,
      env: variables(env),
      reuse,
      detach,
      primaryOnly: shared.primary && shared.roles === undefined,
      raw: raw ? rawOutput(terminal, { redact: (text) => redactor.redact(text) }) : undefined,
    };
    if (interactive) {
      const stdin = terminal.stdin.isTTY === true ? "terminal" : "stdin";
      return runInTerminal(work, await prepareTerminalExec(work, exec, stdin), lendTerminal);
    }
    await execInApp(work, exec);
    return 0;
  },
});
