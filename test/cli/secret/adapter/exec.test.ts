import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { secretManagers } from "../../../support/secret-managers.ts";
import { type Asked, ask } from "./ask.ts";
import { LINES, ODD } from "./managers.ts";

const DOCUMENT = {
  ODD,
  KEY: LINES,
  PORT: 5432,
  ON: true,
  NOTHING: null,
  LIST: ["a"],
  data: { data: { TOKEN: "exec-token" }, metadata: { version: 3 } },
};

/** A program of three lines; `$@` has the names. */
async function run(script: string, from: string, ...names: string[]): Promise<Asked> {
  const managers = await secretManagers({});
  const program = join(managers.folder, "my-secrets");
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  await writeFile(join(managers.folder, "document.json"), JSON.stringify(DOCUMENT));
  return ask({ adapter: "exec", from, names, managers });
}

const PRINT = "/bin/cat document.json";

describe("a program of one's own", () => {
  test("without names: everything it prints, what is nested by its way, what is no text as JSON", async () => {
    expect((await run(PRINT, "my-secrets")).values).toEqual({
      ODD,
      KEY: LINES,
      PORT: "5432",
      ON: "true",
      NOTHING: "null",
      LIST: '["a"]',
      "data/data/TOKEN": "exec-token",
      "data/metadata/version": "3",
    });
  });

  test("with names: those, whole or by their end", async () => {
    expect((await run(PRINT, "./my-secrets", "TOKEN", "data/metadata/version", "ODD")).values).toEqual({
      "data/data/TOKEN": "exec-token",
      "data/metadata/version": "3",
      ODD,
    });
  });

  test("gets its arguments as a shell would split them, then the names; no shell reads them", async () => {
    const script = `printf '{"ARGS":"'; printf '<%s>' "$@"; printf '","$(touch evil) x":"1"}'`;
    const { values } = await run(script, `my-secrets -d 'two words' "$HOME;" \\|`, "ARGS", "$(touch evil) x");
    expect(values).toEqual({ ARGS: "<-d><two words><$HOME;><|><ARGS><$(touch evil) x>", "$(touch evil) x": "1" });
  });

  test("all it printed is known to the redactor, but for words that are everywhere", async () => {
    const { redactor } = await run(PRINT, "my-secrets");
    expect(redactor.redact("exec-token 5432 true null")).toBe("[REDACTED] [REDACTED] true null");
  });

  test.each<readonly [string, string, string, string, string]>([
    [
      "an error, with its last words",
      "echo no key >&2; exit 3",
      "my-secrets -d x",
      "adapter-failed",
      "my-secrets -d x N ended with status 3:\n  no key",
    ],
    [
      "a name that it did not print",
      PRINT,
      "my-secrets",
      "secret-not-found",
      "there is no N in what my-secrets printed",
    ],
    ["no JSON", "echo sentinel", "my-secrets", "adapter-failed", "printed what is no JSON"],
    ["no object", "echo '[1]'", "my-secrets", "adapter-failed", "printed no JSON object"],
    ["nothing", ":", "my-secrets", "adapter-failed", "printed what is no JSON"],
    ["no such program", PRINT, "other-secrets", "adapter-missing", "there is no program other-secrets on this machine"],
    ["an open quote", PRINT, "my-secrets 'x", "adapter-failed", "--from has a quote that is not closed"],
    ["blanks for a program", PRINT, "  ", "adapter-failed", "--from names no program"],
    ["no program", PRINT, "", "argument-missing", "exec needs --from: a program and its arguments"],
  ])("%s", async (_what, script, from, code, message) => {
    const { failure } = await run(script, from, "N");
    expect(failure?.code).toBe(code);
    expect(failure?.message).toContain(message);
    expect(`${failure?.message}${failure?.hint}`).not.toMatch(/sentinel|exec-token/);
  });
});
