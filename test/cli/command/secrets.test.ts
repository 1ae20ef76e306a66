import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { runProgram } from "../../../cli/command/program.ts";
import { WholeLines } from "../../../cli/command/whole-lines.ts";
import { splitWords } from "../../../cli/secret/expansion.ts";
import { Redactor } from "../../../cli/secret/redactor.ts";
import { SecretsFiles } from "../../../cli/secret/secrets-files.ts";
import { runInShell } from "../../../cli/secret/shell-command.ts";
import { startKdeploy } from "../../support/bed/kdeploy.ts";
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
  test("prints one line, a JSON object of values by name", async () => {
    expect(await run("secrets", "fetch", "-a", "test", "--account", "any", "--from", "f", "AB", 'C"D')).toEqual({
      exitCode: 0,
      out: '{"f/AB":"BA/f","f/C\\"D":"D\\"C/f"}\n',
      err: "",
    });
  });

  test("for a secrets file, as one word of a shell", async () => {
    const { out } = await run("secrets", "fetch", "--adapter", "test", "--account", "any", "it's $(x)", "--inline");
    expect(splitWords(out)).toEqual([`{"it's $(x)":")x($ s'ti"}`]);
    expect(execFileSync("/bin/sh", ["-c", `printf '%s' ${out}`]).toString()).toBe(splitWords(out)[0]);
  });

  test("needs an adapter that there is, and an account where there are several", async () => {
    expect(await run("secrets", "fetch", "A")).toMatchObject({ exitCode: 2, out: "" });
    expect(await run("secrets", "fetch", "A", "--adapter", "vaultwarden")).toMatchObject({ exitCode: 2, out: "" });
    expect(await run("secrets", "fetch", "A", "--adapter", "lastpass")).toMatchObject({
      exitCode: 2,
      out: "",
      err: expect.stringContaining("ERROR (argument-missing): lastpass needs --account ACCOUNT") as string,
    });
  });
});

describe("secrets files that fetch", () => {
  const NASTY = {
    QUOTES: `it's "q" \\ \\n \\" '\\''`,
    SHELL: "$HOME ${x} $(id) `id` \\$(id) !&;|<>*?[]{}~%#",
    LINES: "-----BEGIN KEY-----\nabc\\def\n\n\tindented\n-----END KEY-----\n",
    UNICODE: "é🦊\u00a0\u2028\u0085x",
    LONG: `'"\\$\n`.repeat(13_108),
    BLANK: " \t ",
    DASH: "--inline",
  };

  async function files(secrets: string, values: unknown): Promise<Project> {
    const made = await project({
      "config/deploy.yml": SMALL_CONFIG,
      ".kamal/secrets": secrets,
      Dockerfile: "FROM scratch\n",
      "values.json": JSON.stringify(values),
    });
    onTestFinished(() => made.remove());
    return made;
  }

  async function printed(secrets: string, values: unknown, ...more: string[]) {
    const { cwd } = await files(secrets, values);
    const terminal = memoryTerminal({ cwd });
    const exitCode = await runProgram(["secrets", "print", "--json", ...more], terminal);
    const all = exitCode === 0 ? (JSON.parse(terminal.out()) as Record<string, string>) : {};
    return { exitCode, all, out: terminal.out(), err: terminal.err() };
  }

  const names = Object.keys(NASTY);

  test.each(["kamal", "kdeploy"])(
    "$(%s secrets fetch …), then extract: every value arrives byte for byte",
    async (program) => {
      const { all, err } = await printed(
        [
          `S=$(${program} secrets fetch --adapter exec --from "cat values.json")`,
          ...names.map((name) => `${name}=$(${program} secrets extract ${name} ${name === "SHELL" ? "${S}" : "$S"})`),
        ].join("\n"),
        { folder: NASTY },
      );
      expect(err).toBe("");
      expect(Object.fromEntries(names.map((name) => [name, all[name]]))).toEqual(NASTY);
      expect(Buffer.byteLength(NASTY.LONG)).toBeGreaterThan(64 * 1024);
    },
  );

  test("a name that another ends with is found by its own, or by its whole way", async () => {
    const { all } = await printed(
      [
        'S=$(kamal secrets fetch --adapter exec --from "cat values.json")',
        "A=$(kamal secrets extract TOKEN $S)",
        "B=$(kamal secrets extract two/TOKEN $S)",
        "C=$(kamal secrets extract two/OTHER $S)",
      ].join("\n"),
      { one: { TOKEN: "first" }, two: { TOKEN: "second", OTHER: "third" } },
    );
    expect(all).toMatchObject({ A: "first", B: "second", C: "third" });
  });

  test("what a real shell makes of it is the same", async () => {
    const { all } = await printed(
      'S=$(kamal secrets fetch --adapter exec --from "cat values.json")\nA=$(printf %s $S)\n',
      { ...NASTY, LONG: "" },
    );
    expect(JSON.parse(all["A"] ?? "")).toEqual({ ...NASTY, LONG: "" });
  });

  test("a fetch that fails is an error, told with its own", async () => {
    const { exitCode, err, out } = await printed(
      "A=hidden-value\nS=$(kamal secrets fetch --adapter exec --from 'false' $A)",
      {},
    );
    expect({ exitCode, out }).toEqual({ exitCode: 4, out: "" });
    expect(err).toContain("ERROR (adapter-failed): false [REDACTED] ended with status 1");
    expect(err).toContain("ERROR (secret-command-failed): .kamal/secrets:2 S: command $(kamal secrets fetch");
    expect(err).not.toContain("hidden-value");
  });

  test("fetching programs know the destination", async () => {
    const { cwd } = await files("", {});
    await writeFile(join(cwd, "config/deploy.staging.yml"), "{}\n");
    await writeFile(join(cwd, "where"), '#!/bin/sh\nprintf \'{"WHERE":"%s"}\' "$KAMAL_DESTINATION"\n', { mode: 0o755 });
    await writeFile(
      join(cwd, ".kamal/secrets.staging"),
      "S=$(kamal secrets fetch --adapter exec --from ./where)\nW=$(kamal secrets extract WHERE $S)\n",
    );
    const terminal = memoryTerminal({ cwd });
    await runProgram(["secrets", "print", "-d", "staging"], terminal);
    expect(terminal.out()).toContain("W=staging\n");
  });

  test("Ctrl-C while a program is asked ends both", async () => {
    const { cwd } = await files("S=$(kamal secrets fetch --adapter exec --from ./slow)", {});
    await writeFile(join(cwd, "slow"), "#!/bin/sh\necho $$ > slow-pid\nexec sleep 60\n", { mode: 0o755 });
    const { child, finished } = startKdeploy(["secrets", "print"], { cwd });
    await eventually("the program runs", () => existsSync(join(cwd, "slow-pid")), 15_000);
    child.kill("SIGINT");
    const { exitCode, output } = await finished;
    expect({ exitCode, output }).toMatchObject({
      exitCode: 130,
      output: expect.stringContaining("ERROR (cancelled)") as string,
    });
    const pid = Number(await readFile(join(cwd, "slow-pid"), "utf8"));
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("what was fetched and not extracted is masked as well", async () => {
    const redactor = new Redactor();
    const { cwd } = await files('S=$(kamal secrets fetch --adapter exec --from "cat values.json")', NASTY);
    const terminal = memoryTerminal({ cwd });
    const secrets = new SecretsFiles({
      path: ".kamal/secrets",
      destination: undefined,
      cwd,
      env: terminal.env,
      redactor,
      run: runInShell,
      runSecretsCommand: async (words, given) => {
        let out = "";
        const stdout = { write: (text: string | Uint8Array) => void (out += text.toString()) };
        await runProgram(["secrets", ...words, "--inline"], { ...terminal, stdout }, undefined, given.redactor);
        return out;
      },
    });
    await secrets.all();
    for (const [name, value] of Object.entries(NASTY).filter(([key]) => key !== "BLANK"))
      expect(redactor.redact(`x ${value} x`), name).not.toContain(value);
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
