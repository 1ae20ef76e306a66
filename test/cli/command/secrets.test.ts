import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../../cli/command/program.ts";
import { WholeLines } from "../../../cli/command/whole-lines.ts";
import { eventually } from "../../support/eventually.ts";
import { memoryTerminal } from "./memory-terminal.ts";
import { type Project, project, SMALL_CONFIG } from "./project.ts";

const FETCHED = `{"vault/item/DB_PASSWORD":"pa$$ \\"word\\"","API_KEY":"k-12345","COUNT":3}`;
const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

let there: Project;
beforeAll(async () => {
  there = await project({
    "config/deploy.yml": SMALL_CONFIG,
    "config/deploy.staging.yml": "{}\n",
    ".kamal/secrets-common": "SHARED=hidden-shared\n",
    ".kamal/secrets": [
      // Printed as `fetch --inline` prints it: one shell word.
      "FETCHED=$(cat fetched.txt)",
      "DB_PASSWORD=$(kamal secrets extract DB_PASSWORD $FETCHED)",
      "API_KEY=$(kdeploy secrets extract API_KEY $FETCHED)",
    ].join("\n"),
    ".kamal/secrets.staging": 'WHERE=$(printf "%s" "$KAMAL_DESTINATION"; echo asked >&2)\n',
    Dockerfile: "FROM scratch\n",
    "fetched.txt": shellWord(FETCHED),
  });
});
afterAll(() => there.remove());

async function run(...words: string[]) {
  const terminal = memoryTerminal({ cwd: there.cwd });
  const exitCode = await runProgram(words, terminal);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

describe("kdeploy secrets print", () => {
  test("all secrets as they are, those of fetched JSON too, as the original's files have it", async () => {
    expect(await run("secrets", "print")).toMatchObject({
      exitCode: 0,
      out: `SHARED=hidden-shared\nFETCHED=${shellWord(FETCHED)}\nDB_PASSWORD=pa$$ "word"\nAPI_KEY=k-12345\n`,
    });
  });

  test("as one JSON object", async () => {
    const { out } = await run("secrets", "print", "--json");
    expect(JSON.parse(out)).toMatchObject({ SHARED: "hidden-shared", API_KEY: "k-12345" });
  });

  test("fetching commands know the destination, and what they say is shown", async () => {
    const { err, out } = await run("secrets", "print", "-d", "staging");
    expect(out).toBe("SHARED=hidden-shared\nWHERE=staging\n");
    expect(err).toContain("asked\n");
  });
});

describe("kdeploy secrets extract", () => {
  test.each([
    ["API_KEY", "k-12345"],
    ["DB_PASSWORD", 'pa$$ "word"'],
    ["vault/item/DB_PASSWORD", 'pa$$ "word"'],
    ["COUNT", "3"],
  ])("%s", async (name, value) => {
    expect(await run("secrets", "extract", name, FETCHED)).toEqual({ exitCode: 0, out: `${value}\n`, err: "" });
    expect((await run("secrets", "extract", name, FETCHED, "--inline")).out).toBe(`${value}\n`);
  });

  test("a name that is not there is told with those that are, but without values", async () => {
    const { err, exitCode, out } = await run("secrets", "extract", "PASSWORD", FETCHED);
    expect({ exitCode, out }).toEqual({ exitCode: 4, out: "" });
    expect(err).toContain("ERROR (secret-not-found): there is no PASSWORD");
    expect(err).toContain("vault/item/DB_PASSWORD, API_KEY");
    expect(err).not.toContain("k-12345");
  });

  test.each(["", "k-12345", '["k-12345"]', "{k-12345"])("%j is no JSON object, and is not repeated", async (json) => {
    const { err, exitCode } = await run("secrets", "extract", "API_KEY", json);
    expect(exitCode).toBe(4);
    expect(err).toContain("ERROR (secrets-unreadable): what was fetched is no JSON object");
    expect(err).not.toContain("k-12345");
  });
});

describe("kdeploy secrets fetch", () => {
  test.each([
    ["1password", "NAME=$(op read op://VAULT/ITEM/FIELD)"],
    ["bitwarden-sm", "NAME=$(bws secret get ID | jq -r .value)"],
    ["vaultwarden", "NAME=$(PROGRAM …)"],
  ])("refuses %s, and says what does the same", async (adapter, hint) => {
    const { err, exitCode } = await run("secrets", "fetch", "--adapter", adapter, "--from", "v/i", "A", "B");
    expect(exitCode).toBe(4);
    expect(err).toContain(`ERROR (adapter-missing): kdeploy cannot fetch secrets from ${adapter} yet`);
    expect(err).toContain(hint);
  });

  test("needs an adapter", async () => {
    expect(await run("secrets", "fetch", "A")).toMatchObject({ exitCode: 2 });
  });
});

describe("what fetching commands say", () => {
  test("comes in whole lines; a prompt comes without one", async () => {
    const shown: string[] = [];
    const lines = new WholeLines((text) => shown.push(text));
    lines.add("one\ntw");
    lines.add("o\nPassword: ");
    expect(shown).toEqual(["one\n", "two\n"]);
    await eventually("the prompt is shown", () => shown.length > 2);
    expect(shown).toEqual(["one\n", "two\n", "Password: "]);
    lines.add("x");
    lines.flush();
    lines.flush();
    expect(shown.slice(3)).toEqual(["x"]);
    lines.add("y".repeat(70_000));
    expect(shown.at(-1)).toHaveLength(70_000);
  });
});
