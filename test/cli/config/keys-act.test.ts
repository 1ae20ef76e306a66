/** Every key of deploy.yml changes something that one can see, or the README says why it does not. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { sshOptions } from "../../../cli/command/open-work.ts";
import { configJsonSchema } from "../../../cli/config/json-schema.ts";
import { ConfigError, formatIssue } from "../../../cli/errors.ts";
import { executePlan } from "../../../cli/execute/executor.ts";
import { setupPlan } from "../../../cli/plan/setup.ts";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { RecordingHost } from "../../support/recording-host.ts";
import { recordingWebhook } from "../../support/recording-webhook.ts";
import { BASE, cleaned, type Hash, merged, SAMPLES, type Sample } from "./key-samples.ts";

type Schema = { readonly [key: string]: unknown };

const README = readFileSync(new URL("../../../cli/README.md", import.meta.url), "utf8");
const [, NO_EFFECT_SECTION = ""] = README.split("\n## Keys without effect\n");
const WITHOUT_EFFECT = [...NO_EFFECT_SECTION.matchAll(/^\| `([^`]+)` \| \S/gm)].map(([, key = ""]) => key);

/** Of the project, in which every run takes place. */
const FILES: Readonly<Record<string, string>> = {
  Dockerfile: "FROM scratch\n",
  "files/Dockerfile": "FROM scratch\n",
  "files/a": "a",
  "files/b": "b",
  "pages/503.html": "soon",
  ".kamal/secrets": ["PASSWORD", "ONE", "TWO", "THREE"].map((name) => `${name}=secret-${name}\n`).join(""),
  "other-secrets": ["PASSWORD", "ONE", "TWO", "THREE"].map((name) => `${name}=other-${name}\n`).join(""),
  ".kamal/hooks/pre-deploy": "#!/bin/sh\n",
  "other-hooks/pre-deploy": "#!/bin/sh\n",
};

let cwd = "";
/** By the text of the configuration: many samples begin with the same one. */
const seen = new Map<string, Promise<string>>();

describe("keys of deploy.yml", () => {
  const keys = keysOf(configJsonSchema(), []);

  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), "kd-"));
    for (const [path, content] of Object.entries(FILES)) {
      mkdirSync(dirname(join(cwd, path)), { recursive: true });
      writeFileSync(join(cwd, path), content);
    }
  });

  afterAll(() => rm(cwd, { recursive: true, force: true }));

  test("are found, down to the last one", () => {
    expect(keys.length).toBeGreaterThan(250);
    expect(keys).toEqual(expect.arrayContaining(["service", "servers.*.proxy.run.version", "ssh.user", "aliases"]));
  });

  test("that have no effect are in the README, with a reason, and nothing else is", () => {
    expect(WITHOUT_EFFECT.filter((key) => !keys.includes(key) || SAMPLES[key] !== undefined)).toEqual([]);
    expect(Object.keys(SAMPLES).filter((key) => !keys.includes(key))).toEqual([]);
  });

  test("and two runs of the same configuration are the same", async () => {
    const text = stringify(BASE);
    const runs = await Promise.all(Array.from({ length: 5 }, () => setUp(text)));
    expect(new Set(runs).size).toBe(1);
  });

  test.each(keys.filter((key) => !WITHOUT_EFFECT.includes(key)))("%s", async (key) => {
    const sample = SAMPLES[key];
    if (sample === undefined) throw new Error(`there is neither a sample for ${key} nor a row in the README`);
    const [before, after] = [await observed(sample.before ?? {}, sample), await observed(sample.after, sample)];
    expect(before.length).toBeGreaterThan(0);
    expect(after).not.toBe(before);
  });
});

/** Every place at which a value can stand: `*` is any key, `[]` any item. */
function keysOf(schema: Schema, path: readonly string[]): string[] {
  const found = branchesOf(schema).flatMap((branch) => {
    const { properties = {}, additionalProperties, items } = branch;
    const named = Object.entries(properties as Record<string, Schema>).flatMap(([key, inner]) => {
      const deeper = keysOf(inner, [...path, key]);
      return deeper.length > 0 ? deeper : [[...path, key].join(".")];
    });
    const any = typeof additionalProperties === "object" ? keysOf(additionalProperties as Schema, [...path, "*"]) : [];
    return [...named, ...any, ...(typeof items === "object" ? keysOf(items as Schema, [...path, "[]"]) : [])];
  });
  return [...new Set(found)];
}

function branchesOf(schema: Schema): Schema[] {
  const inner = ["anyOf", "oneOf", "allOf"].flatMap((word) => (schema[word] ?? []) as Schema[]);
  return inner.length === 0 ? [schema] : inner.flatMap(branchesOf);
}

function observed(patch: Hash, { shows }: Sample): Promise<string> {
  const text = stringify(cleaned(merged(BASE, patch)));
  if (shows !== undefined) return OTHERWISE[shows](text);
  const known = seen.get(text) ?? setUp(text);
  seen.set(text, known);
  return known;
}

/** Everything that a setup says and runs, here and on the servers, and how the servers are reached. */
async function setUp(text: string): Promise<string> {
  let fleet: EverydayFleet;
  try {
    fleet = new EverydayFleet({ config: text, serving: "v1", cwd });
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(formatIssue).join("\n");
    throw error;
  }
  for (const server of fleet.servers.values()) {
    for (const version of ["v0a", "v0b", "v0c"])
      server.containers.push({ ...server.started(`app-web-${version}`, false) });
  }
  const local = new RecordingHost("localhost", fleet.recording, (command) =>
    command.startsWith("docker info") ? { stdout: "x86_64\n" } : command.includes("hooks/") ? { stdout: "hi\n" } : {},
  );
  const work = fleet.work({ local });
  const options = { version: "v2", skipPush: false, noCache: false };
  const failure = await executePlan(work, setupPlan(fleet.config, work.selection, options)).then(
    () => "",
    (error: unknown) => String(error),
  );
  // In order on each host; what happens on which of them first says nothing.
  const ran = ["localhost", ...fleet.hosts.keys()].flatMap((name) =>
    fleet.recording.all.flatMap(({ host, command, input = "" }) =>
      host === name ? [`${name}: ${command} < ${input}`] : [],
    ),
  );
  const ssh = await sshOptions(fleet.config, work.secrets, {});
  const keys = (ssh.keyData ?? []).map((secret) => secret.reveal());
  const told = fleet.events.flatMap((event) => {
    if (event.event !== "command-output" || event.host !== "localhost") return [];
    return [`${event.level}: ${event.line}`];
  });
  return stable([failure, ...ran, ...told, ...fleet.said(), JSON.stringify(ssh), ...keys].join("\n"));
}

/** Without what is another one in every run. */
function stable(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{12,}/g, "HEX")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, "TIME")
    .replaceAll(/echo "[A-Za-z0-9+/=\s]{60,}"/g, "LEASE")
    .replaceAll(/\d+(?:\.\d+)? m?s\b/g, "DURATION");
}

const OTHERWISE: Readonly<Record<NonNullable<Sample["shows"]>, (text: string) => Promise<string>>> = {
  alias: async (text) => {
    const { exitCode } = await new EverydayFleet({ config: text }).run("shipit");
    return `exit code ${exitCode}`;
  },
  "log-file": async (text) => {
    const fleet = new EverydayFleet({ config: text });
    await fleet.run("lock acquire -m x");
    const directory = await fleet.directory();
    return readdirSync(directory).join("\n");
  },
  collector: async (text) => {
    const { url, posted } = await recordingWebhook();
    await new EverydayFleet({ config: text.replace("COLLECTOR", new URL(url).origin) }).run("lock acquire -m x");
    return `${posted.length > 0 ? "something" : "nothing"} was collected`;
  },
  notification: async (text) => {
    const { out } = await new EverydayFleet({ config: text }).run("app maintenance --dry-run");
    return stable(out);
  },
  waiting: async (text) => {
    const begin = performance.now();
    await setUp(text);
    return performance.now() - begin >= 1_000 ? "it waits" : "it does not wait";
  },
};
