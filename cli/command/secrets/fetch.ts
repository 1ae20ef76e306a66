/** `kdeploy secrets fetch`: secrets out of a password manager, as one JSON object of values by name. */

import { KdeployError } from "../../errors.ts";
import { quote } from "../../remote/shell.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Adapters: 1password, lastpass, bitwarden, bitwarden-sm, aws_secrets_manager, gcp, doppler, enpass, passbolt, and exec for " +
    "any program that prints a JSON object: --adapter exec --from 'sops decrypt --output-type json secrets.json'. The manager's own " +
    "program asks for passwords where it needs them. For secrets files: FETCHED=$(kdeploy secrets fetch …), then " +
    "DB_PASSWORD=$(kdeploy secrets extract DB_PASSWORD $FETCHED).",
  arguments: [{ name: "NAMES", optional: true, rest: true }],
  options: {
    adapter: { kind: "string", short: "a", placeholder: "NAME", help: "the password manager" },
    account: { kind: "string", placeholder: "ACCOUNT", help: "the account there" },
    from: { kind: "string", placeholder: "PREFIX", help: "where the secrets are" },
    inline: { kind: "bool", help: "as one word of a shell, for a secrets file", hidden: true },
  },
  needs: "nothing",
  changes: false,
  // Standard output is the values, and nothing redacts it.
  raw: () => true,
  async run({ options: { adapter, account, from, inline }, args, terminal, redactor, signal, lendTerminal }) {
    if (adapter === undefined) {
      throw new KdeployError("argument-missing", "kdeploy secrets fetch needs --adapter NAME", { exitClass: "usage" });
    }
    const [{ fetchSecrets }, { WholeLines }] = await Promise.all([
      import("../../secret/adapter/fetch-secrets.ts"),
      import("../whole-lines.ts"),
    ]);
    const { cwd, env, stderr } = terminal;
    const messages = new WholeLines((text) => void stderr.write(redactor.redact(text)));
    const surroundings = {
      cwd,
      env,
      signal,
      redactor,
      tell: (text: string) => messages.add(text),
      ownTerminal: stderr === process.stderr && stderr.isTTY === true,
    };
    const values = await lendTerminal(() =>
      fetchSecrets({ adapter, account, from, names: args }, surroundings).finally(() => messages.flush()),
    );
    const json = JSON.stringify(Object.fromEntries(values));
    terminal.stdout.write(`${inline ? quote(json) : json}\n`);
    return 0;
  },
});
