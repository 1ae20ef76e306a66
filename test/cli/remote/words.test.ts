import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as app from "../../../cli/remote/app.ts";
import { execInRunning } from "../../../cli/remote/app-exec.ts";
import { logs } from "../../../cli/remote/app-logs.ts";
import { record } from "../../../cli/remote/audit.ts";
import { program, word, words } from "../../../cli/remote/conventions.ts";
import { envFlags, keyValueFlags, optionFlags, proxyFlag, volumeFlags } from "../../../cli/remote/docker.ts";
import { acquire, detailsText, release } from "../../../cli/remote/lock.ts";
import { maintenance } from "../../../cli/remote/proxy.ts";
import { login } from "../../../cli/remote/registry.ts";
import { quote } from "../../../cli/remote/shell.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { example, roleOf } from "./example.ts";
import { SHELLS, StubDocker } from "./stub-docker.ts";

const text = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.string({ unit: fc.constantFrom(..."'\"\\$`\n\t #=;&|<>*?[](){}!~^%-aé🚀".split("")), maxLength: 20 }),
  )
  .map((value) => value.replaceAll("\0", "").toWellFormed());
/** Without what the server is to fill in. */
const literal = text.map((value) => value.replaceAll("${", "$"));

/** Many values in one line: a shell is started once. */
function sampled(arbitrary: fc.Arbitrary<string>, runs = 500): string[] {
  return fc.sample(arbitrary, { numRuns: runs, seed: 11 });
}

describe("any value reaches docker as one argument [CLI-11]", () => {
  const values = sampled(literal);
  const named = Object.fromEntries(values.map((value, index) => [`K${index}`, value]));
  const shells = SHELLS.map((shell) => [shell.join(" "), shell] as const);

  test.each(shells)("labels, in %s", (_name, shell) => {
    using stub = new StubDocker();
    expect(stub.argumentsOf(`docker ${keyValueFlags("--label", named).join(" ")}`, { shell })).toEqual(
      Object.entries(named).flatMap(([key, value]) => ["--label", value === "" ? key : `${key}=${value}`]),
    );
  });

  test.each(shells)("variables, in %s", (_name, shell) => {
    using stub = new StubDocker();
    expect(stub.argumentsOf(`docker ${envFlags(named).join(" ")}`, { shell })).toEqual(
      Object.entries(named).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    );
  });

  test.each(shells)("options, in %s", (_name, shell) => {
    using stub = new StubDocker();
    expect(stub.argumentsOf(`docker ${optionFlags({ ...named, list: values }).join(" ")}`, { shell })).toEqual([
      ...Object.entries(named).flatMap(([key, value]) => [`--${key}`, value]),
      ...values.flatMap((value) => ["--list", value]),
    ]);
  });

  test.each(shells)("flags of the proxy, in %s", (_name, shell) => {
    using stub = new StubDocker();
    expect(stub.argumentsOf(`docker ${proxyFlag("host", values).join(" ")}`, { shell })).toEqual(
      values.map((value) => `--host=${value}`),
    );
  });

  test.each(shells)("words, volumes and commands that are quoted, in %s", (_name, shell) => {
    using stub = new StubDocker();
    const config = example();
    const args = sampled(text);
    expect(stub.argumentsOf(`docker ${args.map(word).join(" ")}`, { shell })).toEqual(args);
    // `$NAME` in a volume is the server's, as in `$PWD/data`.
    const volumes = values.map((value) => value.replaceAll("$", "").replaceAll("~", ""));
    expect(stub.argumentsOf(`docker ${volumeFlags(volumes).join(" ")}`, { shell })).toEqual(
      volumes.flatMap((volume) => ["--volume", volume]),
    );
    const command = args.map(quote).join(" ");
    const line = execInRunning(config, roleOf(config), { version: "1", command });
    expect(stub.argumentsOf(line, { shell })).toEqual(["exec", "app-web-1", ...args]);
  });

  test("a version, a message or a user name cannot end the line", () => {
    using stub = new StubDocker();
    const config = example();
    for (const value of sampled(literal, 40)) {
      expect(stub.argumentsOf(app.start(config, roleOf(config), value))).toEqual(["start", `app-web-${value}`]);
      expect(stub.argumentsOf(maintenance("app", { message: value })).slice(4)).toEqual(["app", `--message=${value}`]);
      const command = login({ server: undefined }, new Secret(value), new Secret("password"));
      expect(stub.argumentsOf(command.command)).toEqual(["login", "-u", value, "--password-stdin"]);
    }
  });

  test("what the server is to fill in is filled in there", () => {
    using stub = new StubDocker();
    const line = `docker ${envFlags({ A: "${LIVE}!" }).join(" ")} ${volumeFlags(["$PWD/a b:/c", "$PWD/d:/e"]).join(" ")}`;
    expect(stub.argumentsOf(line)).toEqual([
      "--env",
      "A=of the server!",
      "--volume",
      `${stub.home}/a b:/c`,
      "--volume",
      `${stub.home}/d:/e`,
    ]);
  });

  test("options of grep stay options of grep", () => {
    using stub = new StubDocker();
    expect(words("-A 3; rm -rf x")).toEqual(["-A", "'3;'", "rm", "-rf", "x"]);
    const line = logs(example(), roleOf(example()), { grep: "-v it's", grepOptions: "-i" });
    expect(line.endsWith(`2>&1 | grep -e '-v it'\\''s' -i`)).toBe(true);
    expect(stub.run("printf '%s\\n' '-v IT'\\''S' no | grep -e '-v it'\\''s' -i")).toBe("-v IT'S\n");
  });
});

describe("the audit log", () => {
  test.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))(
    "has one line for an entry, in %s",
    (_name, shell) => {
      using stub = new StubDocker();
      const messages = [
        "plain",
        'Booted "x"',
        "$HOME `id` $(id) ${LIVE}",
        "back\\nslash\\c",
        "two\nlines\rand more",
        "-n",
        "it's",
      ];
      for (const message of messages) {
        stub.run(record(example(), { time: "T", performer: "ann", message }), { shell });
      }
      const log = readFileSync(join(stub.home, ".kamal/app-audit.log"), "utf8");
      expect(log).toBe(messages.map((message) => `[T] [ann] ${message.replace(/[\n\r]/g, " ")}\n`).join(""));
    },
  );
});

describe("the lock", () => {
  const config = example();
  const details = { by: 'Ann "A" $X', at: "T", version: "1", message: "it's `mine`" };

  test("is taken once, read as a Kamal CLI reads it, and released", () => {
    using stub = new StubDocker();
    const read = "/usr/bin/env stat .kamal/lock-app > /dev/null && cat .kamal/lock-app/details | base64 -d";
    stub.run("mkdir .kamal");
    expect(failure(stub, read)).toMatch(/no such file/i);
    stub.run(acquire(config, details));
    expect(failure(stub, acquire(config, { ...details, by: "Bob" }))).toMatch(/exists/i);
    expect(stub.run(read)).toBe(detailsText(details));
    stub.run(release(config));
    expect(failure(stub, release(config))).toMatch(/no such file/i);
  });
});

/** What a line says when it fails. */
function failure(stub: StubDocker, line: string): string {
  try {
    stub.run(line);
    return "it did not fail";
  } catch (error) {
    return String(error);
  }
}

describe("the first word", () => {
  test.each([
    ["docker ps", "docker ps"],
    ["mkdir -p a", "/usr/bin/env mkdir -p a"],
    ["exec a", "exec a"],
    ["test -f a", "test -f a"],
    ["dockerd", "/usr/bin/env dockerd"],
  ])("%s", (text, line) => {
    expect(program(text)).toBe(line);
  });
});
