import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KdeployError } from "../../../cli/errors.ts";
import { SECRET_LIMITS } from "../../../cli/secret/limits.ts";
import { Redactor } from "../../../cli/secret/redactor.ts";
import { SecretsFiles, type SecretsOptions } from "../../../cli/secret/secrets-files.ts";
import { runInShell } from "../../../cli/secret/shell-command.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const ENV = { FROM_ENV: "env", PATH: process.env["PATH"] };

async function written(files: Readonly<Record<string, string | Buffer>>, options: Partial<SecretsOptions> = {}) {
  const cwd = await temporaryDirectory();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), content);
  }
  const redactor = new Redactor();
  const secrets = new SecretsFiles({
    path: ".kamal/secrets",
    destination: undefined,
    cwd,
    env: ENV,
    redactor,
    run: runInShell,
    runSecretsCommand: (words) => Promise.resolve(`in-process:${JSON.stringify(words)}\n`),
    ...options,
  });
  return { secrets, redactor };
}

/** Every value of a secrets file. */
async function valuesOf(content: string, options: Partial<SecretsOptions> = {}): Promise<Record<string, string>> {
  const { secrets } = await written({ ".kamal/secrets": content }, options);
  return Object.fromEntries([...(await secrets.all())].map(([name, secret]) => [name, secret.reveal()]));
}

async function failureOf(content: string | Buffer, options: Partial<SecretsOptions> = {}): Promise<KdeployError> {
  const { secrets } = await written({ ".kamal/secrets": content }, options);
  const error: unknown = await secrets.all().catch((thrown: unknown) => thrown);
  if (error instanceof KdeployError) return error;
  throw new Error("was read");
}

describe("lines of the dotenv dialect, config-schema §11", () => {
  test.each<readonly [string, string, Record<string, string>]>([
    ["KEY=value", "A=b", { A: "b" }],
    ["KEY: value", "A: b", { A: "b" }],
    ["a colon without a blank is no separator", "A:b", {}],
    ["export KEY=value", "export A=b", { A: "b" }],
    ["blanks around =", "  A = b  ", { A: "b" }],
    ["letters, digits, underscores and dots in keys", "a.B_1=c", { "a.B_1": "c" }],
    ["other keys are ignored", "a-b=c\nD=e", { D: "e" }],
    ["lines that do not match are ignored", "what is this\nA=b\n= c", { A: "b" }],
    ["a bare key is empty", "A", { A: "" }],
    ["nothing after =", "A=\nB=c", { A: "", B: "c" }],
    ["export of a key that is defined", "A=b\nexport A", { A: "b" }],
    ["CRLF", "A=b\r\nB=c\r\n", { A: "b", B: "c" }],
    ["a BOM", "\uFEFFA=b", { A: "b" }],
    ["comments", "# A=x\nA=b # c\n#B=c", { A: "b" }],
    ["empty lines", "\n\nA=b\n\n\nB=c\n", { A: "b", B: "c" }],
    ["# without a blank begins a comment too", "A=b#c", { A: "b" }],
    ["# in quotes does not", "A=\"b#c\"\nB='d#e'", { A: "b#c", B: "d#e" }],
    ["# ends a command", "A=b $(echo # c)", { A: "b $(echo" }],
    ["a later key wins", "A=b\nA=c", { A: "c" }],
    ["blanks inside stay", "A=b  c", { A: "b  c" }],
    ["a no-break space at the end stays", "A=b\u00a0", { A: "b\u00a0" }],
    ["Unicode", "A=ünï🔑", { A: "ünï🔑" }],

    ["single quotes are literal", "A='$FROM_ENV $(echo x) \\n \"'", { A: '$FROM_ENV $(echo x) \\n "' }],
    ["single quotes over lines", "A='b\nc'\nD=e", { A: "b\nc", D: "e" }],
    ["a quote after a backslash does not end them, and the backslash stays", "A='b\\'c'", { A: "b\\'c" }],
    ["double quotes over lines", 'A="b\nc"\nD=e', { A: "b\nc", D: "e" }],
    ['\\" in double quotes', 'A="b\\"c"', { A: 'b"c' }],
    ["\\n in double quotes stays two characters", 'A="b\\nc"', { A: "b\\nc" }],
    ["quotes around nothing", "A=''\nB=\"\"", { A: "", B: "" }],
    ["blanks inside quotes stay", 'A=" b "', { A: " b " }],
    ["a quote that is not closed is text", 'A="b\nC=d', { A: '"b', C: "d" }],
    ["text after a closed quote makes it plain text", "A='b'c", { A: "'b'c" }],

    ["backslashes go", "A=b\\c\\\\d", { A: "bc\\d" }],
    ["a backslash at the end stays", "A=b\\", { A: "b\\" }],
    ["backticks are literal", "A=`echo b`", { A: "`echo b`" }],

    ["$NAME and ${NAME}", "A=b\nC=$A-${A}", { A: "b", C: "b-b" }],
    ["of the environment", "A=$FROM_ENV", { A: "env" }],
    ["the file wins over the environment", "FROM_ENV=file\nA=$FROM_ENV", { FROM_ENV: "file", A: "file" }],
    ["unset ones are empty", "A=b${NONE}c", { A: "bc" }],
    ["digits are names too", "A=pa$1wor$D", { A: "pa" }],
    ["\\$ is a dollar", "A=\\$FROM_ENV", { A: "$FROM_ENV" }],
    ["a lone $ stays", "A=a $ b$", { A: "a $ b$" }],
    ["there are no defaults", "A=${NONE:-b}", { A: ":-b}" }],
    ["values are not expanded again", "A='$FROM_ENV'\nB=$A", { A: "$FROM_ENV", B: "$FROM_ENV" }],
    ["later keys are not known yet", "A=$B\nB=c", { A: "", B: "c" }],

    ["$(command)", "A=$(echo b)", { A: "b" }],
    ["in double quotes, and beside text", 'A="x $(echo b) y"', { A: "x b y" }],
    ["commands in commands", "A=$(echo $(echo b))", { A: "b" }],
    ["balanced parentheses", "A=$( (echo b) )", { A: "b" }],
    ["unbalanced ones make text", "A=$(echo b", { A: "$(echo b" }],
    ["an empty one is text", "A=$()", { A: "$()" }],
    ["\\$( is text", "A=\\$(echo b)", { A: "$(echo b)" }],
    ["one line break at the end goes, inner ones stay", "A=$(printf 'b\\\\nc\\\\n\\\\n')", { A: "b\nc\n" }],
    ["$NAME in a command is replaced as text, in single quotes too", "A=x\nB=$(echo '$A')", { A: "x", B: "x" }],
    ["what a command prints is not expanded again", "A=$(printf '%s' 'pa\\$FROM_ENV')", { A: "pa$FROM_ENV" }],
    ["nor is what a command prints a command", "A=$(printf '%s' 'x\\$' '(echo b)')", { A: "x$(echo b)" }],
    [
      "kamal secrets runs in this process",
      "A=$(kamal secrets fetch --adapter x 'a b' C)",
      { A: 'in-process:["fetch","--adapter","x","a b","C"]' },
    ],
    ["kdeploy secrets too", "A=$( kdeploy  secrets extract K)", { A: 'in-process:["extract","K"]' }],
    [
      "with what another one printed",
      "S=$(kamal secrets fetch X)\nA=$(kamal secrets extract X ${S})",
      { S: 'in-process:["fetch","X"]', A: 'in-process:["extract","X","in-process:[fetch,X]"]' },
    ],
  ])("%s", async (_rule, content, values) => {
    expect(await valuesOf(content)).toEqual(values);
  });

  test("legacy line breaks, asked for by the environment or by the file", async () => {
    expect(await valuesOf('A="b\\nc"', { env: { DOTENV_LINEBREAK_MODE: "legacy" } })).toEqual({ A: "b\nc" });
    expect(await valuesOf('DOTENV_LINEBREAK_MODE=legacy\nA="b\\nc"')).toMatchObject({ A: "b\nc" });
    expect(await valuesOf("A=b\\nc", { env: { DOTENV_LINEBREAK_MODE: "legacy" } })).toEqual({ A: "bnc" });
  });

  test("any text is read or refused", async () => {
    const piece = fc.constantFrom(
      "A",
      "B",
      "=",
      ": ",
      "export ",
      "'",
      '"',
      "\\",
      "$",
      "{",
      "}",
      "(",
      ")",
      "#",
      "\n",
      "\r",
      " ",
      "x",
      "\0",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 25 }), async (pieces) => {
        const outcome: unknown = await valuesOf(pieces.join(""), { run: () => Promise.resolve("out") }).catch(
          (error: unknown) => error,
        );
        expect(outcome instanceof Error && !(outcome instanceof KdeployError)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("values arrive byte for byte [CLI-09] [CLI-10]", () => {
  const NASTY = `it's "q" \\ $HOME $(id) \${x} \`id\` !&;|<>*?[]{}~#% \t é🔑 -x`;

  test("from single quotes", async () => {
    const value = NASTY.replaceAll("'", "");
    expect(await valuesOf(`A='${value}'`)).toEqual({ A: value });
  });

  test.each([
    ["every special character", NASTY],
    ["line breaks", "-----BEGIN KEY-----\nabc\n\n-----END KEY-----\n"],
    ["64 KB", "x$y\\".repeat(16 * 1024)],
    ["a leading dash", "-n"],
    ["nothing", ""],
  ])("from a command: %s", async (_what, value) => {
    expect(await valuesOf("A=$(fetch)", { run: () => Promise.resolve(value) })).toEqual({
      A: value.replace(/\n$/, ""),
    });
  });

  test("64 KB in quotes", async () => {
    const value = "x#$y\\\n".repeat(11_000);
    expect(await valuesOf(`A='${value}'\nB=c`)).toEqual({ A: value, B: "c" });
  });

  test("any text, by a real shell", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), async (text) => {
        const value = text.replaceAll("\0", "").replaceAll("\r", "").toWellFormed();
        const { secrets } = await written({ ".kamal/secrets": "A=$(cat value)", value: `${value}\n` });
        expect((await secrets.get("A")).reveal()).toBe(value);
      }),
      { numRuns: 40 },
    );
  });
});

describe("what is refused", () => {
  test("export without a value", async () => {
    const error = await failureOf("A=b\n\nexport C\n");
    expect(error).toMatchObject({ code: "secrets-unreadable", exitCode: 4 });
    expect(error.message).toBe(".kamal/secrets:3 export C has no value, and none was given before");
  });

  test("a command that fails, with its file, line, words and last lines of stderr", async () => {
    const error = await failureOf("A=b\nB=$(echo one >&2; echo two >&2; exit 7)");
    expect(error).toMatchObject({ code: "secret-command-failed", exitCode: 4 });
    expect(error.message).toBe(
      ".kamal/secrets:2 B: command $(echo one >&2; echo two >&2; exit 7) ended with status 7:\n  one\n  two",
    );
  });

  test("a command that fails shows no secret [CLI-14]", async () => {
    const error = await failureOf("TOKEN=abcdefgh\nB=$(echo $TOKEN >&2; exit 1)");
    expect(JSON.stringify([error.message, error.hint, error.cause, error.stack])).not.toContain("abcdefgh");
    expect(error.message).toContain("echo $TOKEN");
  });

  test("a failing one of ours", async () => {
    const error = await failureOf("A=$(kamal secrets fetch x)", {
      runSecretsCommand: () => Promise.reject(new Error("no vault")),
    });
    expect(error.message).toContain("A: command $(kamal secrets fetch x) no vault");
    expect((await failureOf("A=$(kamal secrets fetch 'x)")).message).toContain("a quote is not closed");
  });

  test.each<readonly [string, string | Buffer, string]>([
    ["a NUL character", "A=b\0c", "holds a NUL character"],
    ["what is not UTF-8", Buffer.from("A=\xff", "latin1"), "is not UTF-8 text"],
    [
      "a file beyond the limit",
      `A='${"x".repeat(SECRET_LIMITS.maxFileBytes)}'`,
      `larger than ${SECRET_LIMITS.maxFileBytes} bytes`,
    ],
    [
      "a value beyond the limit",
      `A='${"x".repeat(SECRET_LIMITS.maxValueBytes / 5)}'\nB=$A$A$A$A$A$A`,
      `larger than ${SECRET_LIMITS.maxValueBytes} bytes`,
    ],
    ["output beyond the limit", "A=$(yes)", `printed more than ${SECRET_LIMITS.maxOutputBytes} bytes`],
    ["output that is not UTF-8", "A=$(printf '\\\\377')", "printed something that is not UTF-8 text"],
  ])("%s", async (_what, content, message) => {
    expect((await failureOf(content)).message).toContain(message);
  });

  test("a command that is interrupted", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const error = await failureOf("A=$(exec sleep 60)", { signal: controller.signal });
    expect(error).toMatchObject({ code: "cancelled", exitCode: 130 });
  });

  test("a command that does not end", async () => {
    const run: SecretsOptions["run"] = (script, options) => runInShell(script, { ...options, timeoutMs: 100 });
    expect((await failureOf("A=$(sleep 60)", { run })).message).toContain("took longer than 0.1 s");
  });
});

describe("files", () => {
  const FILES = {
    ".kamal/secrets-common": "A=common\nB=common\nHOST=db",
    ".kamal/secrets": "A=plain\nURL=//$HOST",
    ".kamal/secrets.st": "A=staging\nURL=//$HOST/st",
  };

  test("common and plain; keys of common are known in the second", async () => {
    const { secrets } = await written(FILES);
    const all = await secrets.all();
    expect([...all].map(([name, secret]) => [name, secret.reveal()])).toEqual([
      ["A", "plain"],
      ["B", "common"],
      ["HOST", "db"],
      ["URL", "//db"],
    ]);
  });

  test("with a destination the plain file is not read", async () => {
    const { secrets } = await written(FILES, { destination: "st" });
    expect((await secrets.get("A")).reveal()).toBe("staging");
    expect((await secrets.get("URL")).reveal()).toBe("//db/st");
  });

  test("files that are not there are passed over, and named when a secret is wanted", async () => {
    const { secrets } = await written({});
    await expect(secrets.get("X")).rejects.toMatchObject({
      code: "secret-not-found",
      message: "secret 'X' not found: no secret files (.kamal/secrets-common, .kamal/secrets) provided",
    });
    const some = await written({ ".kamal/secrets": "A=b" });
    await expect(some.secrets.get("X")).rejects.toMatchObject({ message: "secret 'X' not found in .kamal/secrets" });
    expect(await some.secrets.find("X")).toBeUndefined();
  });

  test("are read on first need, and once", async () => {
    const scripts: string[] = [];
    const run: SecretsOptions["run"] = (script) => {
      scripts.push(script);
      return Promise.resolve("x");
    };
    const { secrets } = await written({ ".kamal/secrets": "A=$(one)\nB=$(two)" }, { run });
    expect(scripts).toEqual([]);
    await Promise.all([secrets.get("A"), secrets.get("B"), secrets.all()]);
    expect(scripts).toEqual(["one", "two"]);
  });

  test("stderr of commands is passed on while they run, for their prompts", async () => {
    let heard = "";
    await valuesOf("A=$(echo Password: >&2; echo x)", { onStderr: (text) => (heard += text) });
    expect(heard).toBe("Password:\n");
  });
});
