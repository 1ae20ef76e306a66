import { describe, expect, test } from "vitest";
import { pause } from "../../../support/eventually.ts";
import { secretManagers } from "../../../support/secret-managers.ts";
import { ask, lines, type Question } from "./ask.ts";
import { AWS, BW, BWS, DOPPLER, ENPASS, GCLOUD, LINES, LPASS, OP, PASSBOLT } from "./managers.ts";

describe("a program that behaves badly", () => {
  const asks: readonly (readonly [string, string, Question])[] = [
    ["op", "item get", { adapter: "1password", account: "acme", from: "Vault/App", names: ["ODD"] }],
    ["lpass", "show", { adapter: "lastpass", account: LPASS.loggedIn, names: ["KEY"] }],
    ["bw", "get item", { adapter: "bitwarden", account: "a", names: ["Note"], env: { BW_SESSION: BW.session } }],
    ["bws", "secret get", { adapter: "bitwarden-sm", names: ["2"], env: { BWS_ACCESS_TOKEN: BWS.token } }],
    ["aws", "secretsmanager", { adapter: "aws_secrets_manager", account: "prod", names: ["app/key"] }],
    ["gcloud", "secrets", { adapter: "gcp", account: "default", names: ["ODD"] }],
    ["doppler", "secrets", { adapter: "doppler", from: "app/prod", names: ["ODD"] }],
    ["enpass-cli", "-json", { adapter: "enpass", from: "v", names: ["App"] }],
    ["passbolt", "list resources", { adapter: "passbolt", names: ["KEY"] }],
  ];
  const states: Readonly<Record<string, object>> = {
    op: OP,
    lpass: LPASS,
    bw: BW,
    bws: BWS,
    aws: AWS,
    gcloud: GCLOUD,
    doppler: DOPPLER,
    "enpass-cli": ENPASS,
    passbolt: PASSBOLT,
  };

  function troubled(program: string, question: Question, trouble: object): Question {
    return { ...question, states: { [program]: { ...states[program], trouble } } };
  }

  test.each(asks)(
    "%s prints what is no JSON, or no object: its words are not repeated",
    async (program, call, question) => {
      for (const kind of ["garbage", "list"]) {
        const { failure } = await ask(troubled(program, question, { call, kind }));
        expect(failure).toMatchObject({ code: "adapter-failed", exitCode: 4 });
        expect(failure?.message).toMatch(/printed (what is )?no JSON/);
        expect(`${failure?.message}${failure?.hint}${failure?.stack}`).not.toContain("sentinel");
      }
    },
  );

  test.each(asks)("%s ends with an error: it is told, without the session", async (program, call, question) => {
    const message = "Error: 500 from the server\nfor session sentinel-bw-session";
    const { failure } = await ask(troubled(program, question, { call, kind: "error", message }));
    expect(failure).toMatchObject({ code: "adapter-failed", exitCode: 4 });
    expect(failure?.message).toContain("ended with status 1:\n  Error: 500 from the server");
  });

  const [[program, call, question]] = asks as readonly [(typeof asks)[0]];

  test("too much", async () => {
    const { failure } = await ask(troubled(program, question, { call, kind: "huge" }));
    expect(failure?.message).toMatch(/^op item get App .* printed more than \d+ bytes$/);
  });

  test("not in UTF-8", async () => {
    const { failure } = await ask(troubled(program, question, { call, kind: "latin1" }));
    expect(failure?.message).toMatch(/printed something that is not UTF-8 text$/);
  });

  test("for too long", async () => {
    const slow = troubled(program, question, { call, kind: "slow" });
    const { failure } = await ask({ ...slow, more: { timeoutMs: 1_500 } });
    expect(failure?.message).toMatch(/took longer than 1.5 s$/);
  });

  test("and is interrupted: the program ends, too", async () => {
    const managers = await secretManagers({ op: { ...OP, trouble: { call, kind: "slow" } } });
    const controller = new AbortController();
    const asked = ask({ ...question, managers, more: { signal: controller.signal } });
    while ((await managers.calls()).length < 2) await pause(10);
    const before = performance.now();
    controller.abort();
    expect((await asked).failure).toMatchObject({ code: "cancelled", exitCode: 130 });
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

describe("a login", () => {
  test("doppler's login talks to the person, on stderr", async () => {
    const doppler = { ...DOPPLER, loggedIn: false };
    const asked = await ask({ adapter: "doppler", from: "app/prod", names: ["KEY"], states: { doppler } });
    expect(asked.values).toEqual({ KEY: LINES });
    expect(lines(asked)[1]).toBe("doppler login -y");
    expect(asked.said).toContain("Your auth code is:");
  });

  test.each<readonly [string, Question, string]>([
    ["bws", { adapter: "bitwarden-sm", states: { bws: BWS } }, "BWS_ACCESS_TOKEN"],
    [
      "passbolt",
      { adapter: "passbolt", names: ["X"], states: { passbolt: { ...PASSBOLT, configured: false } } },
      "passbolt configure",
    ],
  ])("%s has none: what it needs is told", async (_program, question, hint) => {
    const { failure } = await ask(question);
    expect(failure).toMatchObject({ code: "adapter-failed", exitCode: 4 });
    expect(failure?.hint).toContain(hint);
  });
});

describe("what is asked wrongly", () => {
  test.each<readonly [string, Question, string, number, string]>([
    [
      "an adapter that nobody knows",
      { adapter: "vaultwarden" },
      "adapter-unknown",
      2,
      "there is no adapter vaultwarden",
    ],
    ["no account", { adapter: "1password", names: ["A"] }, "argument-missing", 2, "1password needs --account"],
    ["no account for the test", { adapter: "test", names: ["A"] }, "argument-missing", 2, "test needs --account"],
    ["an empty account", { adapter: "lastpass", account: "", names: ["A"] }, "argument-missing", 2, "--account"],
    ["no names", { adapter: "doppler" }, "argument-missing", 2, "doppler needs NAMES"],
    ["an empty name", { adapter: "doppler", names: ["A", ""] }, "argument-missing", 2, "a name is empty"],
    [
      "no vault",
      { adapter: "enpass", names: ["A"] },
      "argument-missing",
      2,
      "enpass needs --from: the path of the vault",
    ],
    [
      "a program that is not installed",
      { adapter: "gcp", account: "default", names: ["A"] },
      "adapter-missing",
      4,
      "gcloud is not installed",
    ],
    [
      "a program that does not run",
      {
        adapter: "doppler",
        names: ["A"],
        states: { doppler: { trouble: { call: "--version", kind: "error", message: "broken" } } },
      },
      "adapter-missing",
      4,
      "doppler is not installed, or does not run: doppler --version",
    ],
  ])("%s", async (_what, question, code, exitCode, message) => {
    const { failure } = await ask(question);
    expect(failure).toMatchObject({ code, exitCode });
    expect(failure?.message).toContain(message);
    expect(failure?.hint ?? "").toMatch(code === "argument-missing" ? /^/ : /https:|there are 1password,/);
  });
});
