import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KdeployError } from "../../../cli/errors.ts";
import { envFile, envFileFlag, forgetKept, keep, putBack, withEnvFile } from "../../../cli/remote/env-file.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { SHELLS, StubDocker } from "./stub-docker.ts";

const PATH = "role.env";
const KILOBYTES_64 = "0123456789abcdef".repeat(4096);
const AWKWARD = [
  "",
  " ",
  "plain",
  "  blanks  ",
  "-n",
  "#no comment",
  "a=b=c",
  "'single' \"double\" `id` $(id) ${HOME} $HOME $1 $$ \\ \\n \\\\",
  "!history! & ; | < > * ? [ ] { } ~ # %",
  "tab\there",
  "bell\u0007 escape\u001B[31m",
  "\uFEFFwith a byte order mark",
  "Grüße 日本 🚀 e\u0301",
  "two\nlines",
  "ends with a newline\n",
  "\n\n\n",
  "# begins\n#like\n# comments\n",
  "'\n'\n\"\n$(id)\n`id`\n\\\n\\",
  "windows\r\nlines\r\n",
  "ends with a return\r",
  "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n",
  KILOBYTES_64,
  `${KILOBYTES_64}\n${"'".repeat(20_000)}`,
  "🚀".repeat(20_000),
  "x".repeat(59_990),
];

const anyText = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom("'", '"', "\\", "$", "`", "\n", "\r", "#", " ", "=", "{", "}", "(", ")", "é", "🚀"),
      maxLength: 30,
    }),
  )
  // NUL is refused, and a lone surrogate is no text.
  .map((text) => text.replaceAll("\0", "").toWellFormed());

/** Values under names of their own, in files of fifty. */
function batches(values: readonly string[]): Map<string, string>[] {
  const found: Map<string, string>[] = [];
  for (let from = 0; from < values.length; from += 50) {
    found.push(new Map(values.slice(from, from + 50).map((value, index) => [`VALUE_${index}`, value])));
  }
  return found;
}

const VALUES = [...AWKWARD, ...fc.sample(anyText, { numRuns: 1_000, seed: 9 })];

function fileOf(values: ReadonlyMap<string, string>) {
  return envFile(new Map([...values].map(([name, value]) => [name, new Secret(value)])), {});
}

/** Docker's reading of an env file: opts/file.go of docker/cli. */
function readByDocker(content: string): [string, string][] {
  return content
    .split("\n")
    .slice(0, -1)
    .flatMap((line) => {
      expect(Buffer.byteLength(line)).toBeLessThan(64 * 1024);
      const text = line.replace(/\r$/, "").trimStart();
      if (text === "" || text.startsWith("#")) return [];
      const equals = text.indexOf("=");
      return [[text.slice(0, equals), text.slice(equals + 1)]];
    });
}

describe("secrets arrive byte for byte [CLI-09][CLI-10]", () => {
  test.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))("by file and by %s", (_name, shell) => {
    using stub = new StubDocker();
    for (const values of batches(VALUES)) {
      const { content, exported } = fileOf(values);
      stub.write(PATH, content.reveal());
      const use = { path: PATH, exported };
      const args = stub.argumentsOf(withEnvFile(use, `docker run ${envFileFlag(use)} image`), {
        shell,
      });
      const arrived = new Map(readByDocker(content.reveal()));
      for (let index = 3; index < args.length - 1; index += 2) {
        expect(args[index]).toBe("--env");
        const name = args[index + 1] ?? "";
        expect(arrived.has(name)).toBe(false);
        arrived.set(name, stub.environment().get(name) ?? "missing");
      }
      expect(args.slice(0, 3)).toEqual(["run", "--env-file", PATH]);
      expect(args.at(-1)).toBe("image");
      expect(arrived).toEqual(values);
    }
  });

  test("a file with plain values only leaves the line as the original's", () => {
    const { content, exported } = fileOf(
      new Map([
        ["A", "1 $x"],
        ["B", ""],
      ]),
    );
    expect(content.reveal()).toBe("A=1 $x\nB=\n");
    expect(withEnvFile({ path: PATH, exported }, `docker run ${envFileFlag({ path: PATH, exported })} image`)).toBe(
      "docker run --env-file role.env image",
    );
    expect(fileOf(new Map()).content.reveal()).toBe("\n");
  });

  test("a file that is not known to have such values is looked at", () => {
    using stub = new StubDocker();
    const use = { path: PATH, exported: "unknown" } as const;
    const line = withEnvFile(use, `docker run ${envFileFlag(use)} image`);
    stub.write(PATH, fileOf(new Map([["A", "1"]])).content.reveal());
    expect(stub.argumentsOf(line)).toEqual(["run", "--env-file", PATH, "image"]);
    stub.write(
      PATH,
      fileOf(
        new Map([
          ["A", "1"],
          ["KEY", "a\nb"],
        ]),
      ).content.reveal(),
    );
    expect(stub.argumentsOf(line)).toEqual(["run", "--env-file", PATH, "--env", "KEY", "image"]);
    expect(stub.environment().get("KEY")).toBe("a\nb");
  });

  test("a clear variable counts more than a secret of its name", () => {
    const { content } = envFile(
      new Map([
        ["A", new Secret("secret\n")],
        ["B", new Secret("b")],
      ]),
      { A: "clear" },
    );
    expect(content.reveal()).toBe("B=b\n");
  });

  test("no value is on the command line", () => {
    const { content, exported } = fileOf(new Map([["KEY", "sentinel\nsentinel"]]));
    const use = { path: PATH, exported };
    expect(withEnvFile(use, `docker run ${envFileFlag(use)} image`)).not.toContain("sentinel");
    expect(content.toString()).toBe("[REDACTED]");
  });

  test.each([
    ["a NUL", "A", "a\0b", /A has a NUL/],
    ["more than a variable can hold", "A", "x".repeat(131_072), /A has 131074 bytes/],
    ["newlines under a name that no shell knows", "a.b", "x\ny", /a\.b has several lines/],
    ["newlines under a name that docker reads", "DOCKER_HOST", "x\ny", /DOCKER_HOST has several lines/],
    ["newlines under a name that the shell reads", "PATH", "x\ny", /PATH has several lines/],
  ])("%s is refused by name, without the value", (_what, name, value, message) => {
    const error = caught(() => fileOf(new Map([[name, value]])));
    expect(error).toBeInstanceOf(KdeployError);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain("x\ny");
  });

  test("the longest variable that can be is taken", () => {
    using stub = new StubDocker();
    const value = "y".repeat(131_071 - "A=".length);
    stub.write(PATH, fileOf(new Map([["A", value]])).content.reveal());
    const use = { path: PATH, exported: true };
    stub.argumentsOf(withEnvFile(use, `docker run ${envFileFlag(use)} image`));
    expect(stub.environment().get("A")).toBe(value);
  });
});

describe.each(SHELLS.map((words) => ({ words })))("beside the file, in $words", ({ words }) => {
  const [shell = "", ...options] = words;
  const path = ".kamal/apps/app/env/roles/web.env";
  /** @returns what is in the directory then, with modes */
  const run = (home: string, line: string): string[] => {
    const { status, stderr } = spawnSync(shell, [...options, "-c", line], { cwd: home, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const folder = join(home, ".kamal/apps/app/env/roles");
    return readdirSync(folder)
      .toSorted()
      .map((name) => {
        const mode = (statSync(join(folder, name)).mode & 0o777).toString(8);
        return `${name} ${mode} ${readFileSync(join(folder, name), "utf8").trim()}`;
      });
  };
  /** As uploads do it: another file in its place. */
  const upload = (home: string, text: string): string[] =>
    run(home, `umask 077; echo ${text} > ${path}.new && mv -f ${path}.new ${path}`);

  test("the one before is kept, with its mode, and put back; twice is as good as once", async () => {
    const home = await temporaryDirectory();
    run(home, keep(path));
    upload(home, "A=1");
    run(home, forgetKept([path]));
    expect(run(home, keep(path))).toEqual(["web.env 600 A=1", "web.env.previous 600 A=1"]);
    expect(upload(home, "A=2")).toEqual(["web.env 600 A=2", "web.env.previous 600 A=1"]);
    expect(run(home, putBack(path))).toEqual(["web.env 600 A=1"]);
    expect(run(home, putBack(path))).toEqual(["web.env 600 A=1"]);
  });

  test("where there was none, there is none again", async () => {
    const home = await temporaryDirectory();
    expect(run(home, keep(path))).toEqual(["web.env.previous 600 "]);
    upload(home, "A=1");
    expect(run(home, putBack(path))).toEqual([]);
    upload(home, "A=2");
    expect(run(home, putBack(path))).toEqual(["web.env 600 A=2"]);
  });

  test("what is good stays, and nothing beside it", async () => {
    const home = await temporaryDirectory();
    run(home, keep(path));
    upload(home, "A=1");
    expect(run(home, forgetKept([path, `${path}x`]))).toEqual(["web.env 600 A=1"]);
  });
});

const reasonToSkip =
  spawnSync("docker", ["--version"]).status === 0 || process.env["CI"] ? undefined : "no docker client is installed";

describe.skipIf(reasonToSkip !== undefined)("the real docker client", () => {
  const socket = join(tmpdir(), `kdeploy-engine-${process.pid}.sock`);
  let engine: Server;
  let created: string[] = [];

  // An engine that only remembers what containers it was asked for.
  beforeAll(async () => {
    engine = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        response.setHeader("Api-Version", "1.41");
        if (request.url?.includes("/containers/create") === true) {
          created = (JSON.parse(Buffer.concat(chunks).toString()) as { Env: string[] }).Env;
          response.writeHead(201, { "content-type": "application/json" }).end('{"Id":"abc","Warnings":[]}');
        } else {
          response.writeHead(200, { "content-type": "application/json" }).end("{}");
        }
      });
    });
    await new Promise<void>((resolve) => engine.listen(socket, resolve));
  });
  afterAll(() => {
    engine.close();
    rmSync(socket, { force: true });
  });

  test("asks for the values byte for byte", async () => {
    using stub = new StubDocker();
    const { execFile } = await import("node:child_process");
    for (const values of batches(VALUES)) {
      const { content, exported } = fileOf(values);
      stub.write(PATH, content.reveal());
      const use = { path: PATH, exported };
      const line = withEnvFile(use, `docker create ${envFileFlag(use)} image`);
      const failed = await new Promise<unknown>((resolve) => {
        const env = { PATH: process.env["PATH"] ?? "", HOME: stub.home, DOCKER_HOST: `unix://${socket}` };
        execFile("sh", ["-c", line], { cwd: stub.home, env }, (error, _stdout, stderr) => resolve(error && stderr));
      });
      expect(failed).toBeNull();
      expect(new Map(created.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]))).toEqual(
        values,
      );
    }
  });
});

function caught(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
