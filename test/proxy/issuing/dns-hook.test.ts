import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { Conversation } from "../../../proxy/issuing/conversation.ts";
import { withRecord } from "../../../proxy/issuing/dns-hook.ts";
import { IssueFailure } from "../../../proxy/issuing/failure.ts";
import { startAcmeDirectory } from "../../support/acme-directory.ts";
import { certificateJob, eventsOf, problemOf } from "../../support/acme-directory-job.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const record = { name: "_acme-challenge.example.com", value: "-abc_DEF", domain: "example.com" };
const never = new AbortController().signal;

async function script(body: string) {
  const folder = await temporaryDirectory();
  const file = join(folder, "hook");
  await writeFile(file, `#!/bin/sh\ncd ${folder}\n${body}\n`, { mode: 0o755 });
  const steps: string[] = [];
  const conversation = new Conversation(new PassThrough(), (event) => {
    if (event.event === "step") steps.push(event.text);
    return Promise.resolve();
  });
  const said = (name: string): string =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
  return { file, conversation, steps, said };
}

describe("a DNS hook", () => {
  test("is run to present the record and to take it back, with the record in arguments and environment", async () => {
    const { file, conversation, said } = await script(
      'echo "$# $1 $2 $3 $ACME_ACTION $ACME_RECORD_NAME $ACME_RECORD_VALUE $ACME_DOMAIN ${PATH:+path}" >>log',
    );
    await withRecord(file, record, conversation, never, async () => {
      expect(said("log")).toMatch(/^3 present .*\n$/);
      await Promise.resolve();
    });
    const line = (action: string) =>
      `3 ${action} ${record.name} ${record.value} ${action} ${record.name} ${record.value} ${record.domain} path\n`;
    expect(said("log")).toBe(line("present") + line("cleanup"));
  });

  test("that fails is told with its last words, nothing is checked, and the record is taken back", async () => {
    const { file, conversation, said } = await script(
      'echo "$1" >>log; [ "$1" = cleanup ] || { echo "the key is refused" >&2; exit 3; }',
    );
    let used = false;
    const failed = withRecord(file, record, conversation, never, () => {
      used = true;
      return Promise.resolve();
    });
    await expect(failed).rejects.toMatchObject({
      problem: {
        kind: "dns-hook",
        detail: `${file} present ${record.name} exited with 3: the key is refused`,
      },
    });
    expect(used).toBe(false);
    expect(said("log")).toBe("present\ncleanup\n");
  });

  test("takes the record back when the check fails, and that failure is what is told", async () => {
    const { file, conversation, said } = await script('echo "$1" >>log');
    const failure = new IssueFailure("wrong-answer", "no");
    await expect(withRecord(file, record, conversation, never, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(said("log")).toBe("present\ncleanup\n");
  });

  test("that cannot take the record back does not fail the certificate, but says so", async () => {
    const { file, conversation, steps } = await script('[ "$1" = present ] || { echo busy >&2; exit 1; }');
    await withRecord(file, record, conversation, never, () => Promise.resolve());
    expect(steps.at(-1)).toBe(
      `the record ${record.name} is left behind: ${file} cleanup ${record.name} exited with 1: busy`,
    );
  });

  test("that hangs ends with the job, with all that it has started, and the record is taken back", async () => {
    const { file, conversation, said } = await script(
      'echo "$1" >>log; [ "$1" = cleanup ] && exit; sh -c "echo \\$\\$ >inner; exec sleep 600" & wait',
    );
    const stop = new AbortController();
    const run = withRecord(file, record, conversation, stop.signal, () => Promise.resolve());
    await eventually("the hook runs", () => /\d\n/.test(said("inner")));
    const reason = new IssueFailure("timed-out", "over");
    stop.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect(said("log")).toBe("present\ncleanup\n");
    await eventually("its own child has ended", () => !isAlive(Number(said("inner"))));
  });

  test("may leave a program behind that holds its output open", async () => {
    const { file, conversation, said } = await script("sleep 600 & echo $! >>left");
    await withRecord(file, record, conversation, never, () => Promise.resolve());
    const left = said("left").trim().split("\n").map(Number);
    expect(left.map(isAlive)).toEqual([true, true]);
    for (const pid of left) process.kill(pid, "SIGKILL");
  });

  test("that is missing or not set fails with a sentence", async () => {
    const { conversation } = await script("");
    const run = (hook: string) => withRecord(hook, record, conversation, never, () => Promise.resolve());
    await expect(run("/nowhere/hook")).rejects.toThrow(
      `/nowhere/hook present ${record.name} cannot be run: spawn /nowhere/hook ENOENT`,
    );
    await expect(run("")).rejects.toThrow("example.com is to be checked by DNS, and no hook is set");
  });

  test("serves a wildcard, whose record has the name without the star", async () => {
    const directory = await startAcmeDirectory();
    const { file, said } = await script('echo "$1 $2 $ACME_DOMAIN" >>log');
    const job = certificateJob(directory.url, { name: "*.example.com", challenge: "dns-01", dnsHook: file });
    const events = await eventsOf(job);
    await directory.stop();
    expect(events.at(-1)).toMatchObject({ event: "issued" });
    expect(said("log")).toBe(`present ${record.name} example.com\ncleanup ${record.name} example.com\n`);
  });

  test("is run before the authority is told to look", async () => {
    const directory = await startAcmeDirectory();
    const { file } = await script("exit 1");
    const problem = problemOf(await eventsOf(certificateJob(directory.url, { challenge: "dns-01", dnsHook: file })));
    await directory.stop();
    expect(problem.kind).toBe("dns-hook");
    expect(directory.requestCount("challenge")).toBe(0);
  });
});

describe("the example for RFC 2136", () => {
  const example = join(import.meta.dirname, "../../../examples/dns-hooks/rfc2136.sh");

  async function run(action: string, name = record.name) {
    const { file, said } = await script("");
    const folder = join(file, "..");
    await writeFile(join(folder, "nsupdate"), `#!/bin/sh\ncat >${folder}/input; echo "$@" >${folder}/args\n`, {
      mode: 0o755,
    });
    const { status, stderr } = spawnSync(example, [action, name, record.value], {
      encoding: "utf8",
      env: {
        PATH: `${folder}:/usr/bin:/bin`,
        DNS_SERVER: "192.0.2.1",
        DNS_KEY_FILE: "/keys/acme",
        DNS_WAIT_SECONDS: "0",
      },
    });
    return { status, stderr, input: said("input"), args: said("args") };
  }

  test("adds and removes one value", async () => {
    expect(await run("present")).toEqual({
      status: 0,
      stderr: "",
      input: `server 192.0.2.1\nupdate add ${record.name}. 60 TXT "${record.value}"\nsend\n`,
      args: "-k /keys/acme -t 30\n",
    });
    expect((await run("cleanup")).input).toContain(`update delete ${record.name}. TXT "${record.value}"\n`);
  });

  test("refuses what is no record", async () => {
    expect(await run("present", 'x"\nupdate delete example.com')).toMatchObject({ status: 2, input: "" });
    expect(await run("remove")).toMatchObject({ status: 2, stderr: "present or cleanup, not remove\n", input: "" });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
