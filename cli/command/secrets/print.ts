/** `kdeploy secrets print`: all secrets of the secrets files, as they are. */
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Prints NAME=value for every secret, in the clear; with --json one object.",
  options: {},
  needs: "work",
  changes: false,
  // Nothing else is on standard output, and nothing redacts it.
  raw: () => true,
  async run({ work, shared, terminal }) {
    const all = [...(await work.secrets.all())].map(([name, secret]) => [name, secret.reveal()] as const);
    if (shared.json) terminal.stdout.write(`${JSON.stringify(Object.fromEntries(all))}\n`);
    else for (const [name, value] of all) terminal.stdout.write(`${name}=${value}\n`);
    return 0;
  },
});
