import { expect, test } from "vitest";
import { parseFlags } from "../../../proxy/command/parse-flags.ts";
import { DEPLOY_FLAGS } from "../../../proxy/options/deploy-flags.ts";
import { type FlagTable, RUN_FLAGS } from "../../../proxy/options/flags.ts";

const WORDS = { name: "x deploy", usage: "<service>", summary: "Do it" };

function parse<Table extends FlagTable>(table: Table, args: readonly string[], environment = {}) {
  const parsed = parseFlags(args, table, WORDS, environment);
  if ("help" in parsed) throw new Error("help");
  return parsed;
}

test("flags before and after the service, with = and without", () => {
  const { values, positionals } = parse(DEPLOY_FLAGS, ["--target", "a:1", "web", "--host=b", "--deploy-timeout=1m30s"]);
  expect(positionals).toEqual(["web"]);
  expect(values).toMatchObject({ target: ["a:1"], host: ["b"], "deploy-timeout": 90_000, "strip-path-prefix": true });
});

test("a yes-or-no flag takes a value only after =", () => {
  const { values, positionals } = parse(DEPLOY_FLAGS, ["web", "--force", "yes", "--strip-path-prefix=false"]);
  expect(values).toMatchObject({ force: true, "strip-path-prefix": false });
  expect(positionals).toEqual(["web", "yes"]);
});

test("lists: commas, quotes, repetition; an empty value adds nothing", () => {
  const { values } = parse(DEPLOY_FLAGS, ["--host", 'a,"b,c"', "--host", "", "--host= d"]);
  expect(values.host).toEqual(["a", "b,c", " d"]);
});

test("the last text wins, and a value may look like a flag", () => {
  const args = ["--health-check-path", "/a", "--health-check-path", "--force", "--health-check-port", "0x1F90"];
  const { values } = parse(DEPLOY_FLAGS, args);
  expect(values).toMatchObject({ "health-check-path": "--force", force: false, "health-check-port": 8080 });
});

test("-- ends the flags", () => {
  expect(parse(DEPLOY_FLAGS, ["--force", "--", "--force=x", "-y"]).positionals).toEqual(["--force=x", "-y"]);
});

test.each([
  [
    ["--deploy-timeout", "30"],
    'invalid argument "30" for "--deploy-timeout" flag: time: missing unit in duration "30"',
  ],
  [
    ["--deploy-timeout", "1d"],
    'invalid argument "1d" for "--deploy-timeout" flag: time: unknown unit "d" in duration "1d"',
  ],
  [["--deploy-timeout="], 'invalid argument "" for "--deploy-timeout" flag: time: invalid duration ""'],
  [
    ["--health-check-port", "x"],
    'invalid argument "x" for "--health-check-port" flag: strconv.ParseInt: parsing "x": invalid syntax',
  ],
  [
    ["--force=maybe"],
    'invalid argument "maybe" for "--force" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  [
    ["--host", 'a"b'],
    'invalid argument "a\\"b" for "--host" flag: parse error on line 1, column 2: bare " in non-quoted field',
  ],
  [["--nonsense"], "unknown flag: --nonsense"],
  [["--nonsense=1"], "unknown flag: --nonsense"],
  [["--constructor"], "unknown flag: --constructor"],
  [
    ["--buffer-memory", "1MB"],
    'invalid argument "1MB" for "--buffer-memory" flag: strconv.ParseInt: parsing "1MB": invalid syntax',
  ],
  [["--targ", "x"], "unknown flag: --targ"],
  [["-z"], "unknown shorthand flag: 'z' in -z"],
  [["-zyx"], "unknown shorthand flag: 'z' in -zyx"],
  [["--target"], "flag needs an argument: --target"],
])("%j is refused in the original's words", (args, message) => {
  expect(() => parse(DEPLOY_FLAGS, ["web", ...args])).toThrow(
    expect.objectContaining({ code: "invalid-argument", message }),
  );
});

test("a near miss is suggested", () => {
  expect(() => parse(DEPLOY_FLAGS, ["--hosts", "a"])).toThrow(
    expect.objectContaining({ hint: "Did you mean --host?" }),
  );
});

test("the environment gives defaults: prefixed first, bare next, nonsense not at all", () => {
  const port = (environment: Record<string, string>, args: string[] = []) =>
    parse(RUN_FLAGS, args, environment).values["http-port"];
  expect(port({})).toBe(80);
  expect(port({ HTTP_PORT: "8080" })).toBe(8080);
  expect(port({ KAMAL_PROXY_HTTP_PORT: "81", HTTP_PORT: "8080" })).toBe(81);
  expect(port({ KAMAL_PROXY_HTTP_PORT: "x", HTTP_PORT: "8080" }), "no fall-through").toBe(80);
  expect(port({ HTTP_PORT: "0x10" }), "base 10 only").toBe(80);
  expect(port({ HTTP_PORT: "8080" }, ["--http-port", "82"])).toBe(82);
  expect(parse(RUN_FLAGS, [], { DEBUG: "T" }).values.debug).toBe(true);
  expect(parse(RUN_FLAGS, [], { DEBUG: "app:*" }).values.debug).toBe(false);
  const edge = { KAMAL_PROXY_TRUSTED_PROXY: "private,192.0.2.0/24", KAMAL_PROXY_PROXY_PROTOCOL: "1" };
  expect(parse(RUN_FLAGS, [], edge).values).toMatchObject({
    "trusted-proxy": ["private", "192.0.2.0/24"],
    "proxy-protocol": true,
  });
  expect(parse(RUN_FLAGS, ["--trusted-proxy", "::1"], edge).values["trusted-proxy"], "the flag wins").toEqual(["::1"]);
  const metrics = { METRICS_PORT: "9000", KAMAL_PROXY_METRICS_BIND: "127.0.0.1", METRICS_BIND: "::1" };
  expect(parse(RUN_FLAGS, [], metrics).values).toMatchObject({ "metrics-port": 9000, "metrics-bind": "127.0.0.1" });
  expect(parse(RUN_FLAGS, [], { HTTP3: "true", BIND: "::1" }).values).toMatchObject({ http3: false, bind: "" });
});

test("which flags are mentioned is known, whatever their value", () => {
  const { mentioned, values } = parse(DEPLOY_FLAGS, ["web", "--tls=false", "--host", "", "--buffer-requests=false"]);
  expect([...mentioned]).toEqual(["tls", "host", "buffer-requests"]);
  expect(values).toMatchObject({ tls: false, host: [], "buffer-requests": false });
  expect(parse(RUN_FLAGS, [], { DEBUG: "true" }).mentioned.size, "the environment mentions nothing").toBe(0);
});

test("help names every flag", () => {
  const parsed = parseFlags(["web", "--help"], DEPLOY_FLAGS, WORDS, {});
  const help = "help" in parsed ? parsed.help : "";
  for (const name of Object.keys(DEPLOY_FLAGS)) expect(help).toContain(`--${name} `);
  expect(help).toMatch(/^Usage: x deploy <service>\n/);
  expect(help).toContain("(default 30s)");
  expect(help).toMatch(/--forward-headers [^]*?\(default: true without TLS,\s+false with it\)/);
});
