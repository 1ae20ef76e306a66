/** `kdeploy server exec`: a command on the servers themselves. */
import { execOnServers, prepareServerTerminal } from "../../execute/operation/servers.ts";
import { defineCommand } from "../command.ts";
import { checkExclusive, commandLine, EXEC_OPTIONS, rawOutput, runInTerminal } from "../exec-options.ts";

export const command = defineCommand({
  description:
    "Runs it on every selected host. Put -- before a command whose options are also kdeploy's. With one host, ends with the exit code of the command.",
  arguments: [{ name: "COMMAND", rest: true }],
  options: EXEC_OPTIONS,
  needs: "work",
  changes: true,
  needsVersion: false,
  passesOptions: true,
  raw: ({ raw }) => raw,
  async run({ work, args, options, terminal, redactor, lendTerminal }) {
    checkExclusive(options, [["raw", "interactive"]]);
    const line = commandLine(args);
    if (options.interactive) return runInTerminal(work, await prepareServerTerminal(work, line), lendTerminal);
    const raw = options.raw ? rawOutput(terminal, { redact: (text) => redactor.redact(text) }) : undefined;
    await execOnServers(work, line, raw);
    return 0;
  },
});
