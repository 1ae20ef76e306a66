import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type IssueEvent, parseIssueEvent, parseIssueJob } from "../../../proxy/certificate/issue-protocol.ts";
import { issuingProgram, runIssueJob } from "../../../proxy/certificate/issuing-process.ts";
import { startAcmeDirectory } from "../../support/acme-directory.ts";
import { certificateJob, chainOf, eventsOf, problemOf, processEventsOf } from "../../support/acme-directory-job.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const root = join(import.meta.dirname, "../../..");
const job = certificateJob("http://127.0.0.1:1/directory");

/** A program in place of the issuing process; `say` prints an event, `job` is what it was given. */
async function program(body: string): Promise<string> {
  const file = join(await temporaryDirectory(), "fake.mjs");
  const start = `
    import { createInterface } from "node:readline";
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;
    const say = (event) => process.stdout.write((typeof event === "string" ? event : JSON.stringify(event)) + "\\n");
    const job = JSON.parse(await next());
  `;
  await writeFile(file, `${start}${body}`);
  return file;
}

async function problemAfter(body: string) {
  return problemOf(await processEventsOf(job, undefined, { program: await program(body) }));
}

describe("the issuing process", () => {
  test("does a job of its own, from the source", async () => {
    const directory = await startAcmeDirectory();
    const events = await processEventsOf(certificateJob(directory.url));
    await directory.stop();
    expect(chainOf(events)).toContain("BEGIN CERTIFICATE");
  });

  test("does a job of its own, from the bundle, without any package beside it", async () => {
    const folder = await temporaryDirectory();
    const build = spawn(process.execPath, [join(root, "node_modules/.bin/rolldown"), "-c", "-d", folder], {
      cwd: root,
    });
    expect(await once(build, "exit")).toEqual([0, null]);
    const bundled = issuingProgram(pathToFileURL(join(folder, "run-A1b2.mjs")).href);
    expect(bundled).toBe(join(folder, "kdeploy-acme.mjs"));
    const directory = await startAcmeDirectory();
    const events = await processEventsOf(certificateJob(directory.url), undefined, { program: bundled });
    await directory.stop();
    expect(chainOf(events)).toContain("BEGIN CERTIFICATE");
    expect(existsSync(join(folder, "kdeploy-proxy.mjs"))).toBe(true);
    const ofProxy = loadedBy(join(folder, "kdeploy-proxy.mjs"), folder);
    expect(ofProxy).not.toEqual([]);
    expect(ofProxy.filter((file) => readFileSync(file, "utf8").includes("newNonce"))).toEqual([]);
  });

  test("costs the proxy no HTTP and no TLS module", async () => {
    const file = await program(`await import(${JSON.stringify(join(root, "proxy/certificate/issuing-process.ts"))});
      const loaded = process.moduleLoadList.filter((name) => /NativeModule (_?http|https|tls|http2)/.test(name));
      say({ event: "step", text: loaded.join() });
      await import("node:https");
      say({ event: "step", text: String(process.moduleLoadList.includes("NativeModule https")) });
      say({ event: "issued", chain: "x" });`);
    const events = await processEventsOf(job, undefined, { program: file });
    expect(events.map((event) => (event.event === "step" ? event.text : ""))).toEqual(["", "true", ""]);
  });

  test("is found from the source", () => {
    expect(existsSync(issuingProgram(pathToFileURL(join(root, "proxy/certificate/issuing-process.ts")).href))).toBe(
      true,
    );
  });

  test("gets the job, a bounded heap and the environment", async () => {
    const file = await program(`say({ event: "step", text: process.execArgv + job.name + process.env.HOOK_TOKEN });
      say({ event: "issued", chain: "x" });`);
    const events = await processEventsOf(job, undefined, { program: file, environment: { HOOK_TOKEN: "t" } });
    expect(events[0]).toEqual({ event: "step", text: "--max-old-space-size=128app.example.comt" });
  });

  test("hears that the challenge is in place only when it is", async () => {
    const file =
      await program(`say({ event: "challenge", challenge: { type: "http-01", token: "t", keyAuthorization: "k" } });
      say({ event: "step", text: await next() });
      say({ event: "issued", chain: "x" });`);
    let placed = false;
    const told: [string, boolean][] = [];
    await runIssueJob(job, {
      program: file,
      onEvent: async (event) => {
        told.push([event.event, placed]);
        if (event.event !== "challenge") return;
        await new Promise((resolve) => {
          setTimeout(resolve, 50);
        });
        placed = true;
      },
    });
    expect(told).toEqual([
      ["challenge", false],
      ["step", true],
      ["issued", true],
    ]);
  });
});

describe("[AC-02] a process that", () => {
  test.each([
    ["crashes", `throw new Error("out of luck");`, /exited with 1 \(.*out of luck/],
    ["exits without a word", `process.exit(0);`, /exited with 0/],
    ["is killed", `process.kill(process.pid, "SIGKILL"); await next();`, /was ended by SIGKILL/],
    ["says what is no event", `say("Segmentation fault"); await next();`, /what is no event: Segmentation fault/],
    ["says an event without its fields", `say({ event: "issued" }); await next();`, /what is no event/],
    ["says too much", `for (let i = 0; i < 300; i++) say({ event: "step", text: "" }); await next();`, /too much/],
    ["never ends its line", `process.stdout.write("x".repeat(600_000)); await next();`, /line is too long/],
    [
      "runs out of memory",
      `const all = []; for (;;) all.push(new Array(1e6).fill(all.length + 0.5));`,
      /the process for/,
    ],
  ])("%s is told as a failure with its name", async (_, body, detail) => {
    const problem = await problemAfter(body);
    expect(problem.kind).toBe("internal");
    expect(problem.detail).toContain("the process for the certificate for app.example.com");
    expect(problem.detail).toMatch(detail);
  });

  test("cannot be started is told as a failure", async () => {
    const events = await processEventsOf(job, undefined, { program: "/nowhere/kdeploy-acme.mjs" });
    expect(problemOf(events)).toMatchObject({ kind: "internal", detail: expect.stringContaining("exited with 1") });
  });

  test("cannot be started without file descriptors is a failure like any other, not the proxy's end", async () => {
    const file = join(await temporaryDirectory(), "exhausted.mjs");
    const source = pathToFileURL(join(root, "proxy/certificate/issuing-process.ts")).href;
    await writeFile(
      file,
      `import { closeSync, openSync } from "node:fs";
      import { runIssueJob } from ${JSON.stringify(source)};
      const events = [];
      const taken = [];
      try { for (;;) taken.push(openSync("/dev/null")); } catch {}
      await runIssueJob(${JSON.stringify(job)}, { onEvent: (event) => void events.push(event) });
      for (const one of taken) closeSync(one);
      console.log(JSON.stringify(events));`,
    );
    const child = spawn("/bin/sh", ["-c", 'ulimit -n 64; exec "$0" "$1"', process.execPath, file]);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => void (said += chunk));
    expect(await once(child, "close"), said).toEqual([0, null]);
    expect(said).toMatch(/could not be started: .*EMFILE/);
  });

  test("says its last word and stays is ended, and nothing after that word counts", async () => {
    const file =
      await program(`say({ event: "issued", chain: "x" }); say("noise"); say({ event: "failed", problem: {} });
      process.stdin.on("end", () => process.exit(0)); for (;;) if ((await lines.next()).done) break;`);
    expect(await processEventsOf(job, undefined, { program: file })).toEqual([{ event: "issued", chain: "x" }]);
  });

  test("is given up is gone soon, and says no more", async () => {
    const folder = await temporaryDirectory();
    const file = await program(`import { writeFileSync } from "node:fs";
      writeFileSync(${JSON.stringify(join(folder, "pid"))}, String(process.pid));
      say({ event: "step", text: "here" });
      await next(); say({ event: "issued", chain: "x" }); process.exit(0);`);
    const stop = new AbortController();
    const events: IssueEvent[] = [];
    const run = runIssueJob(job, {
      program: file,
      signal: stop.signal,
      onEvent: (event) => {
        events.push(event);
        stop.abort();
      },
    });
    await run;
    expect(events).toEqual([{ event: "step", text: "here" }]);
    expect(() => process.kill(Number(readFileSync(join(folder, "pid"), "utf8")), 0)).toThrow("ESRCH");
  });

  test("is not started for a job that is given up already", async () => {
    expect(await processEventsOf(job, undefined, { program: "/nowhere", signal: AbortSignal.abort() })).toEqual([]);
  });

  test("tells what the proxy cannot save ends with that as its failure", async () => {
    const file = await program(`say({ event: "account", privateKey: "k", url: "u" }); await next();`);
    const events: IssueEvent[] = [];
    await runIssueJob(job, {
      program: file,
      onEvent: (event) => {
        events.push(event);
        if (event.event === "account") throw new Error("disk full");
      },
    });
    expect(problemOf(events).detail).toContain("disk full");
    expect(events).toHaveLength(2);
  });
});

describe("the program itself", () => {
  function start() {
    const child = spawn(process.execPath, [join(root, "proxy/kdeploy-acme.mjs")]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const output: string[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
    return { child, output, ended: once(child, "exit") };
  }

  test("ends when the proxy has gone, in the middle of a job", async () => {
    const directory = await startAcmeDirectory();
    onTestFinished(() => directory.stop());
    directory.fail("newOrder", { delayMs: 30_000 });
    const { child, ended } = start();
    child.stdin.write(`${JSON.stringify(certificateJob(directory.url))}\n`);
    await eventually("it has ordered", () => directory.requestCount("newOrder") === 1, 10_000);
    child.stdin.end();
    const [code] = await ended;
    expect(code).toBe(0);
  });

  test("ends while the proxy never puts the challenge in place", async () => {
    const directory = await startAcmeDirectory();
    onTestFinished(() => directory.stop());
    const { child, output, ended } = start();
    child.stdin.write(`${JSON.stringify(certificateJob(directory.url, { timeoutMs: 1_500 }))}\n`);
    expect(await ended).toEqual([0, null]);
    const last = output.join("").trim().split("\n").at(-1) ?? "";
    expect(parseIssueEvent(last)).toMatchObject({ event: "failed", problem: { kind: "timed-out" } });
  });

  test("leaves no hook behind that hangs when the proxy has gone", async () => {
    const directory = await startAcmeDirectory();
    onTestFinished(() => directory.stop());
    const folder = await temporaryDirectory();
    const dnsHook = join(folder, "hook");
    await writeFile(dnsHook, `#!/bin/sh\necho $$ >${folder}/$1\nexec sleep 60\n`, { mode: 0o755 });
    const { child, ended } = start();
    child.stdin.write(`${JSON.stringify(certificateJob(directory.url, { challenge: "dns-01", dnsHook }))}\n`);
    await eventually("the hook runs", () => existsSync(join(folder, "present")), 10_000);
    child.stdin.end();
    await eventually("the record is to be taken back", () => existsSync(join(folder, "cleanup")));
    const [code] = await ended;
    expect(code).toBe(0);
    const hook = Number(readFileSync(join(folder, "cleanup"), "utf8"));
    await eventually("it has ended, too", () => !isAlive(hook));
  });

  test.each(["", "hello\n", "{}\n", '{"kind":"certificate"}\n'])("refuses %j", async (text) => {
    const { child, output, ended } = start();
    child.stdin.end(text);
    expect(await ended).toEqual([1, null]);
    expect(output).toEqual([]);
  });
});

test("a job and every event come through the lines as they are", async () => {
  expect(parseIssueJob(JSON.stringify(job))).toEqual(job);
  const directory = await startAcmeDirectory();
  const events = await eventsOf(certificateJob(directory.url));
  await directory.stop();
  expect(events.length).toBeGreaterThan(5);
  expect(events.map((event) => parseIssueEvent(JSON.stringify(event)))).toEqual(events);
  for (const line of ["", "null", "[]", '{"event":"toString"}', '{"event":"order","url":7}']) {
    expect(parseIssueEvent(line), line).toBeUndefined();
  }
});

/** The files that a bundled program can come to load, by the imports in them. */
function loadedBy(entry: string, folder: string, seen = new Set<string>()): string[] {
  if (seen.has(entry)) return [];
  seen.add(entry);
  for (const [, name = ""] of readFileSync(entry, "utf8").matchAll(
    /(?:from|import)\s*\(?\s*["'`]\.\/([^"'`]+)["'`]/g,
  )) {
    loadedBy(join(folder, name), folder, seen);
  }
  return [...seen];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
