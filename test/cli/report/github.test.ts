import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { WorkEvent } from "../../../cli/execute/event.ts";
import { githubActions } from "../../../cli/report/github.ts";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { memoryTerminal } from "../command/memory-terminal.ts";

const STARTED: WorkEvent = {
  event: "run-started",
  command: "deploy",
  version: "v1",
  destination: "staging",
  hosts: ["one", "two"],
  changes: true,
};
const FAILED: WorkEvent = {
  event: "failed",
  code: "boot-failed",
  host: "one",
  message: "web did not come up: 100% broken",
  hint: "look at the log",
  details: ["GET /up: 500", "```"],
};

async function told(events: readonly WorkEvent[]) {
  const summary = join(await temporaryDirectory(), "summary.md");
  const terminal = memoryTerminal({ env: { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary } });
  events.forEach(githubActions(terminal).report);
  const read = () => readFileSync(summary, "utf8");
  return { out: terminal.out(), err: terminal.err(), read };
}

test("failures and warnings become annotations, on standard error", async () => {
  const { err, out } = await told([FAILED, { event: "said", kind: "warning", text: "old key", host: "two" }]);
  expect(out).toBe("");
  expect(err).toBe(
    "::error title=kdeploy%3A boot-failed::one: web did not come up: 100%25 broken%0AGET /up: 500%0A```%0AHint: look at the log\n" +
      "::warning title=kdeploy::two: old key\n",
  );
});

test("what is wrong in a file is annotated there", async () => {
  const message = "config/deploy.yml:8:13 servers/web: unknown key: optins\nconfig/deploy.yml:9:1 image: is required";
  const { err } = await told([{ ...FAILED, code: "config-invalid", host: undefined, message }]);
  expect(err).toBe(
    "::error file=config/deploy.yml,line=8,col=13,title=kdeploy%3A config-invalid::servers/web: unknown key: optins\n" +
      "::error file=config/deploy.yml,line=9,col=1,title=kdeploy%3A config-invalid::image: is required\n",
  );
});

test("a run that changes something has a summary with its steps and what went wrong", async () => {
  const { read } = await told([
    STARTED,
    { event: "step-started", id: 1, title: "Pull v1", hosts: ["one"] },
    { event: "step-finished", id: 1, outcome: "done", durationMs: 1_200 },
    FAILED,
    { event: "run-finished", exitCode: 1, durationMs: 2_000 },
  ]);
  expect(read()).toBe(`### kdeploy deploy: failed

| | |
|---|---|
| version | v1 |
| destination | staging |
| hosts | one, two |
| time | 2.0 s |
| — pull | 1.2 s |
| — rest | 0.8 s |

**boot-failed**

\`\`\`text
one: web did not come up: 100% broken
  GET /up: 500
  \` \` \`
\`\`\`

Hint: look at the log

`);
});

test("a run that only looks has none", async () => {
  const { read } = await told([
    { ...STARTED, changes: false },
    { event: "run-finished", exitCode: 0, durationMs: 2_000 },
  ]);
  expect(read).toThrow("ENOENT");
});

test("the program does it in GitHub Actions only, and secrets stay secret", async () => {
  const fleet = new EverydayFleet();
  fleet.script(/kamal-proxy stop/, { exitCode: 1, stderr: "no" });
  const folder = mkdtempSync(join(await temporaryDirectory(), "summary-"));
  const summary = join(folder, "summary.md");
  const env = { VERSION: "v2", GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary };
  const { err } = await fleet.run("app maintenance -h one", { env });
  expect(err).toContain(
    "::error title=kdeploy%3A command-failed::one: docker exec kamal-proxy kamal-proxy stop app-web",
  );
  expect(readFileSync(summary, "utf8")).toContain("### kdeploy app maintenance: failed");
  expect((await fleet.run("app maintenance -h one")).err).not.toContain("::error");
});
