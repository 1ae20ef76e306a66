/** `kdeploy secrets fetch`: refuses, and says what does the same meanwhile. The adapters of the password managers come later. */
import { KdeployError } from "../../errors.ts";
import { defineCommand } from "../command.ts";

/** Names as the original takes them → how the manager's own program prints one value. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "1password": "op read op://VAULT/ITEM/FIELD",
  aws_secrets_manager: "aws secretsmanager get-secret-value --secret-id NAME --query SecretString --output text",
  bitwarden: "bw get password ITEM",
  bitwarden_sm: "bws secret get ID | jq -r .value",
  doppler: "doppler secrets get NAME --plain",
  enpass: "enpass-cli -vault PATH pass ITEM",
  gcp: "gcloud secrets versions access latest --secret=NAME",
  lastpass: "lpass show --password ITEM",
  passbolt: "passbolt get resource --id ID --json | jq -r .password",
};

export const command = defineCommand({
  description: "Not there yet: a secrets file can run the password manager's own program, as in NAME=$(op read …).",
  arguments: [{ name: "NAMES", optional: true, rest: true }],
  options: {
    adapter: { kind: "string", short: "a", placeholder: "NAME", help: "the password manager" },
    account: { kind: "string", placeholder: "ACCOUNT", help: "the account there" },
    from: { kind: "string", placeholder: "PREFIX", help: "where the secrets are" },
    inline: { kind: "bool", help: "for a secrets file", hidden: true },
  },
  needs: "nothing",
  changes: false,
  async run({ options: { adapter } }) {
    if (adapter === undefined) {
      throw new KdeployError("argument-missing", "kdeploy secrets fetch needs --adapter NAME", { exitClass: "usage" });
    }
    const name = adapter.toLowerCase().replaceAll("-", "_");
    const program = PROGRAMS[name];
    throw new KdeployError("adapter-missing", `kdeploy cannot fetch secrets from ${adapter} yet`, {
      exitClass: "secret",
      hint:
        program === undefined
          ? "a secrets file can run the password manager's own program: NAME=$(PROGRAM …)"
          : `a secrets file can run its own program: NAME=$(${program})`,
    });
  },
});
