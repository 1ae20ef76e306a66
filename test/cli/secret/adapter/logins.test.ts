import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runKdeploy } from "../../../support/bed/kdeploy.ts";
import { secretManagers } from "../../../support/secret-managers.ts";
import { BW, ENPASS, GCLOUD, LINES, LPASS, ODD, OP } from "./managers.ts";

const PROGRAM = join(import.meta.dirname, "../../../../cli/kdeploy.mjs");

type Login = {
  readonly title: string;
  readonly program: string;
  readonly state: Readonly<Record<string, unknown>>;
  readonly words: readonly string[];
  /** What the person types. */
  readonly input: string;
  readonly prompts: readonly string[];
  readonly value: readonly [string, string];
  /** The call that fails when the answer is wrong. */
  readonly login: string;
  /** Variables that the last call has besides. */
  readonly session?: Readonly<Record<string, string>>;
};

const LOGINS: readonly Login[] = [
  {
    title: "op signs in",
    program: "op",
    state: { ...OP, signedIn: false },
    words: ["1password", "--account", "acme", "--from", "Vault/App", "ODD", "prod/KEY"],
    input: "master\n",
    prompts: ["Enter the password for acme: "],
    value: ["Vault/App/ODD", ODD],
    login: "op signin --account acme --force --raw",
    session: { OP_SESSION: OP.session, OP_SESSION_acme: OP.session },
  },
  {
    title: "lpass logs in, when somebody else was",
    program: "lpass",
    state: { ...LPASS, loggedIn: "you@acme.example" },
    words: ["lastpass", "--account", "me@acme.example", "KEY"],
    input: "master\n",
    prompts: ["Master Password: ", "Success: Logged in as me@acme.example."],
    value: ["KEY", LINES],
    login: "lpass login me@acme.example",
  },
  {
    title: "bw logs in, and is unlocked",
    program: "bw",
    state: { ...BW, loggedIn: undefined },
    words: ["bitwarden", "--account", "me@acme.example", "Login"],
    input: "master\nmaster\n",
    prompts: ["? Master password:"],
    value: ["Login", ODD],
    login: "bw login me@acme.example",
    session: { BW_SESSION: BW.session },
  },
  {
    title: "bw is unlocked",
    program: "bw",
    state: BW,
    words: ["bitwarden", "--account", "me@acme.example", "--from", "Note", "A"],
    input: "master\n",
    prompts: ["? Master password:"],
    value: ["Note/A", "note-a"],
    login: "bw unlock --raw",
    session: { BW_SESSION: BW.session },
  },
  {
    title: "enpass-cli asks for the master password",
    program: "enpass-cli",
    state: ENPASS,
    words: ["enpass", "--from", ENPASS.vault, "App/ODD"],
    input: `${ENPASS.password}\n`,
    prompts: ["Enter master password: "],
    value: ["App/ODD", ODD],
    login: `enpass-cli -json -vault ${ENPASS.vault} show App`,
  },
  {
    title: "gcloud logs in, when it has no account",
    program: "gcloud",
    state: { ...GCLOUD, accounts: [] },
    words: ["gcp", "--account", "default", "ODD"],
    input: "me@acme.example\n",
    prompts: ["Go to the following link", "enter the verification code"],
    value: ["default/ODD", ODD],
    login: "",
  },
];

async function fetch({ program, state, words }: Login, input: string) {
  const managers = await secretManagers({ [program]: state });
  const args = ["secrets", "fetch", "--adapter", ...words];
  const result = await runKdeploy(args, { cwd: managers.folder, env: managers.env, input });
  return { ...result, calls: await managers.calls() };
}

describe("a password manager asks the person at the terminal", () => {
  test.each(LOGINS)("$title", async (login) => {
    const { exitCode, stdout, stderr, calls, output } = await fetch(login, login.input);
    expect(exitCode, output).toBe(0);
    const values = JSON.parse(stdout) as Record<string, string>;
    expect(values[login.value[0]]).toBe(login.value[1]);
    for (const prompt of login.prompts) expect(stderr).toContain(prompt);
    // Sessions and what was typed: in no argument, and not on the terminal.
    expect(`${JSON.stringify(calls.map(({ args }) => args))}${output}`).not.toMatch(/sentinel|"master"/);
    expect(calls.at(-1)?.env).toMatchObject(login.session ?? {});
  });

  test.each(LOGINS.filter(({ login }) => login !== ""))("$title, and the answer is wrong", async (login) => {
    const { exitCode, stdout, stderr } = await fetch(login, "wrong\n");
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toContain(`ERROR (adapter-failed): ${login.login} ended with status`);
  });

  test("a session that a later error repeats is masked", async () => {
    const [login] = LOGINS as readonly [Login];
    const trouble = { call: "item get", kind: "error", message: `bad session ${OP.session}` };
    const { exitCode, output } = await fetch({ ...login, state: { ...login.state, trouble } }, login.input);
    expect(exitCode).toBe(4);
    expect(output).toContain("bad session [REDACTED]");
    expect(output).not.toContain("sentinel");
  });

  test("on a real terminal, the prompt is on it and the values are not", async () => {
    const [, , , login] = LOGINS as readonly [Login, Login, Login, Login];
    const managers = await secretManagers({ [login.program]: login.state });
    const words = ["secrets", "fetch", "--adapter", ...login.words].join(" ");
    const seen = execFileSync(
      "script",
      ["-qec", `'${process.execPath}' '${PROGRAM}' ${words} > '${managers.folder}/out'`, "/dev/null"],
      {
        env: { ...process.env, ...managers.env, PATH: `${managers.folder}:${process.env["PATH"]}` },
        input: login.input,
      },
    ).toString();
    expect(seen).toContain("? Master password:");
    expect(seen).not.toMatch(/sentinel|note-a/);
    expect(execFileSync("cat", [`${managers.folder}/out`]).toString()).toBe('{"Note/A":"note-a"}\n');
  });
});
