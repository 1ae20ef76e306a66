import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ADAPTERS } from "../../../../cli/secret/adapter/adapters.ts";
import { ask, lines, type Question } from "./ask.ts";
import { AWS, BW, BWS, DOPPLER, ENPASS, EXAMPLES, GCLOUD, LPASS, OP, PASSBOLT } from "./managers.ts";

describe("what is fetched, and by which calls", () => {
  test.each(EXAMPLES)("%s", async (_title, question, values, calls) => {
    const asked = await ask(question);
    expect(asked.failure).toBeUndefined();
    expect(asked.values).toEqual(values);
    expect(lines(asked).toSorted()).toEqual(calls.toSorted());
    for (const value of Object.values(values)) expect(asked.redactor.redact(`x ${value} x`)).not.toContain(value);
  });

  test("AWS gets no more names at once than it takes", async () => {
    const names = Array.from({ length: 45 }, (_, at) => `S${at}`);
    const secrets = names.map((Name) => ({ Name, ARN: `arn:${Name}`, SecretString: `value of ${Name}` }));
    const { values, calls } = await ask({ adapter: "aws_secrets_manager", names, states: { aws: { secrets } } });
    expect(values).toEqual(Object.fromEntries(names.map((name) => [name, `value of ${name}`])));
    expect(calls.map(({ args }) => args.length)).toEqual([25, 25, 10]);
  });

  test("items of 1password are asked for at the same time, some at once", async () => {
    const names = Array.from({ length: 9 }, (_, at) => `I${at}/F`);
    const items = Object.fromEntries(names.map((name, at) => [`V/I${at}`, [{ label: "F", value: name }]]));
    const { values, calls } = await ask({
      adapter: "1password",
      account: "acme",
      from: "V",
      names,
      states: { op: { ...OP, items } },
    });
    expect(Object.keys(values ?? {})).toEqual(names.map((name) => `V/${name}`));
    expect(calls).toHaveLength(10);
  });
});

test("the README has every adapter", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../../../cli/README.md"), "utf8");
  const section = /\n## Password managers\n[^]*?(?=\n## )/.exec(readme)?.[0] ?? "";
  const listed = Array.from(section.matchAll(/^\| `([^`]+)` \|/gm), ([, name]) => name);
  expect(listed).toEqual(ADAPTERS.map(({ name }) => name));
});

describe("what is not there is named, and no value with it", () => {
  const bw = { states: { bw: BW }, account: "me@acme.example", env: { BW_SESSION: BW.session } };
  const enpass = { states: { "enpass-cli": ENPASS }, from: ENPASS.vault, env: { MASTERPW: ENPASS.password } };
  const op = { adapter: "1password", account: "acme", from: "Vault/App" };
  test.each<readonly [string, Question, string, string]>([
    ["a field of op", { ...op, names: ["ODD", "NONE"], states: { op: OP } }, "adapter-failed", `"NONE" isn't a field`],
    [
      "a field that op passes over",
      { ...op, names: ["ODD", "NONE"], states: { op: { ...OP, lenient: true } } },
      "secret-not-found",
      "there is no NONE in item App of vault Vault in 1Password",
    ],
    [
      "a value of op",
      { ...op, names: ["EMPTY"], states: { op: OP } },
      "secret-not-found",
      "there is no EMPTY in item App",
    ],
    [
      "an item of op",
      { ...op, from: "Vault", names: ["None/X"], states: { op: OP } },
      "adapter-failed",
      `"None" isn't an item`,
    ],
    [
      "a path of op",
      { ...op, from: undefined, names: ["X"], states: { op: OP } },
      "adapter-failed",
      "X is no VAULT/ITEM/FIELD",
    ],
    ["an item for all of op", { ...op, from: "Vault", states: { op: OP } }, "adapter-failed", "--from VAULT/ITEM"],
    [
      "an entry of lpass",
      { adapter: "lastpass", account: LPASS.loggedIn, names: ["KEY", "NONE"], states: { lpass: LPASS } },
      "adapter-failed",
      "Could not find specified account",
    ],
    [
      "an entry that lpass passes over",
      {
        adapter: "lastpass",
        account: LPASS.loggedIn,
        names: ["KEY", "NONE"],
        states: { lpass: { ...LPASS, lenient: true } },
      },
      "secret-not-found",
      "there is no NONE in LastPass",
    ],
    [
      "an item of bw",
      { ...bw, adapter: "bitwarden", names: ["None"] },
      "adapter-failed",
      "bw get item None ended with status 1:\n  Not found.",
    ],
    [
      "a field of bw",
      { ...bw, adapter: "bitwarden", names: ["Login/NONE"] },
      "secret-not-found",
      "there is no field NONE in item Login in Bitwarden",
    ],
    ["anything in an item of bw", { ...bw, adapter: "bitwarden", names: ["Bare"] }, "secret-not-found", "item Bare"],
    [
      "a secret of bws",
      { adapter: "bitwarden-sm", names: ["none"], states: { bws: BWS }, env: { BWS_ACCESS_TOKEN: BWS.token } },
      "adapter-failed",
      "bws secret get none ended with status 1:\n  Error:\n  0: Received error",
    ],
    [
      "a secret of aws",
      { adapter: "aws_secrets_manager", account: "prod", names: ["app/key", "none"], states: { aws: AWS } },
      "adapter-failed",
      "none: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    ],
    [
      "a secret that aws passes over",
      {
        adapter: "aws_secrets_manager",
        account: "prod",
        names: ["app/key", "none"],
        states: { aws: { ...AWS, lenient: true } },
      },
      "secret-not-found",
      "there is no none in AWS Secrets Manager",
    ],
    [
      "a profile of aws",
      { adapter: "aws_secrets_manager", account: "none", names: ["app/key"], states: { aws: AWS } },
      "adapter-failed",
      "The config profile (none) could not be found",
    ],
    [
      "text in aws",
      { adapter: "aws_secrets_manager", account: "prod", names: ["app/image"], states: { aws: AWS } },
      "adapter-failed",
      "app/image in AWS Secrets Manager is no text",
    ],
    [
      "a secret of gcloud",
      { adapter: "gcp", account: "default", names: ["acme/NONE/3"], states: { gcloud: GCLOUD } },
      "adapter-failed",
      "NOT_FOUND: Secret [acme/NONE/3]",
    ],
    [
      "text in gcloud",
      { adapter: "gcp", account: "default", names: ["acme/IMAGE"], states: { gcloud: GCLOUD } },
      "adapter-failed",
      "acme/IMAGE in gcp is no text",
    ],
    [
      "a secret of doppler",
      { adapter: "doppler", from: "app/prod", names: ["ODD", "NONE"], states: { doppler: DOPPLER } },
      "adapter-failed",
      "Could not find requested secrets: NONE",
    ],
    [
      "a secret that this token of doppler may not see",
      { adapter: "doppler", from: "app/prod", names: ["ODD", "RESTRICTED"], states: { doppler: DOPPLER } },
      "secret-not-found",
      "there is no RESTRICTED in Doppler",
    ],
    [
      "a config of doppler",
      { adapter: "doppler", from: "app", names: ["ODD"], states: { doppler: DOPPLER } },
      "adapter-failed",
      "app/ODD is no PROJECT/CONFIG/NAME",
    ],
    [
      "an item of enpass",
      { ...enpass, adapter: "enpass", names: ["App", "None"] },
      "secret-not-found",
      "there is no None in Enpass",
    ],
    ["a field of enpass", { ...enpass, adapter: "enpass", names: ["App/NONE"] }, "secret-not-found", "App/NONE"],
    [
      "one field of two in enpass",
      { ...enpass, adapter: "enpass", names: ["Twice"] },
      "adapter-failed",
      "Twice/X is in the vault of Enpass more than once",
    ],
    [
      "a folder of passbolt",
      { adapter: "passbolt", from: "app/none", names: ["X"], states: { passbolt: PASSBOLT } },
      "secret-not-found",
      "there is no folder app/none in Passbolt",
    ],
    [
      "a resource of passbolt",
      { adapter: "passbolt", from: "app", names: ["NONE"], states: { passbolt: PASSBOLT } },
      "secret-not-found",
      "there is no app/NONE in Passbolt",
    ],
    [
      "one resource of two in passbolt",
      { adapter: "passbolt", names: ["KEY"], states: { passbolt: PASSBOLT } },
      "adapter-failed",
      "Passbolt has KEY more than once",
    ],
  ])("%s", async (_what, question, code, message) => {
    const { failure, values } = await ask(question);
    expect(values).toBeUndefined();
    expect(failure).toMatchObject({ code, exitCode: 4 });
    expect(failure?.message).toContain(message);
    for (const text of [failure?.message, failure?.hint, JSON.stringify(failure?.details)]) {
      expect(text ?? "").not.toMatch(/sentinel|op-|it's|BEGIN KEY/);
    }
  });
});
