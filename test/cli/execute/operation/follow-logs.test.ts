import { describe, expect, test } from "vitest";
import { appLogSources } from "../../../../cli/execute/operation/app-logs.ts";
import { followLogs } from "../../../../cli/execute/operation/follow-logs.ts";
import type { AppLogOptions } from "../../../../cli/remote/app-logs.ts";
import { EverydayFleet } from "../../../support/everyday-fleet.ts";

const QUICK = { followPollMs: 5, followPatienceMs: 60 };
const RUNS = /docker inspect --type container --format/;

type Container = { id: string; startedAt: string; lines: string[] };

/** Host `one`, where one container after the other runs; the log of each ends when it has been read. */
function oneHost(containers: readonly Container[]) {
  const fleet = new EverydayFleet({ limits: QUICK, filters: { hosts: "one" } });
  const asked: string[] = [];
  let at = 0;
  const answer = fleet.server("one").answer;
  fleet.server("one").answer = (command, input) => {
    const current = containers[at];
    if (RUNS.test(command)) return { stdout: current === undefined ? "" : `${current.id} ${current.startedAt}\n` };
    if (!command.includes("docker logs")) return answer(command, input);
    asked.push(command.slice(command.indexOf("docker logs")));
    at += 1;
    return { stdout: current?.lines.map((line) => `${line}\n`).join("") ?? "" };
  };
  const lines: string[] = [];
  const follow = (options: AppLogOptions = {}) => {
    const work = fleet.work();
    return followLogs(work, appLogSources(work, options, false), (line) => lines.push(line));
  };
  return { fleet, asked, lines, follow };
}

const container = (id: string, ...lines: string[]): Container => ({ id, startedAt: `2026-01-01T00:00:0${id}Z`, lines });

describe("following", () => {
  test("goes on with the container that a deploy brings, from its first line [C15]", async () => {
    const { asked, fleet, follow, lines } = oneHost([
      container("1", "old"),
      container("2", "new"),
      container("3", "newest"),
    ]);
    await follow({ grep: "e" });
    expect(lines).toEqual(["old", "new", "newest"]);
    expect(asked).toEqual([
      "docker logs --timestamps --follow 2>&1 | grep --line-buffered 'e'",
      "docker logs --timestamps --since 2026-01-01T00:00:02Z --follow 2>&1 | grep --line-buffered 'e'",
      "docker logs --timestamps --since 2026-01-01T00:00:03Z --follow 2>&1 | grep --line-buffered 'e'",
    ]);
    expect(fleet.said()).toEqual([
      "one: web goes on in container 2.",
      "one: web goes on in container 3.",
      "one: The container of web has ended; the next one is waited for.",
    ]);
  });

  test("of what does not run shows what there is, and ends", async () => {
    const { asked, fleet, follow } = oneHost([]);
    await follow();
    expect(asked).toEqual(["docker logs --timestamps --tail 10 --follow 2>&1"]);
    expect(fleet.said()).toEqual([]);
  });

  test("of a container whose log breaks off goes on where it was, a few times at most", async () => {
    const { asked, fleet, follow, lines } = oneHost([]);
    const heard = "2026-01-01T00:00:05.123456789Z hello";
    const answer = fleet.server("one").answer;
    fleet.server("one").answer = (command, input) => {
      const known = answer(command, input);
      if (RUNS.test(command)) return { stdout: "1 2026-01-01T00:00:01Z\n" };
      return command.includes("docker logs") ? { stdout: `${heard}\n` } : known;
    };
    await follow({});
    expect(lines).toEqual([heard]);
    expect(asked).toHaveLength(6);
    expect(new Set(asked.slice(1))).toEqual(
      new Set(["docker logs --timestamps --since 2026-01-01T00:00:05.123456789Z --follow 2>&1"]),
    );
  });

  test("survives a connection that is lost", async () => {
    const { fleet, follow, lines } = oneHost([container("1", "before"), container("2", "after")]);
    fleet.host("one").trouble(/docker logs/, "lost");
    await follow();
    expect(lines).toEqual(["after"]);
    expect(fleet.said()[0]).toContain("Trying again.");
  });

  test("without one host goes on on the others, and says so at once; in the end it is a failure", async () => {
    const fleet = new EverydayFleet({ limits: QUICK, filters: { roles: "web" } });
    fleet.script(/docker logs/, { stdout: "here\n" });
    fleet.host("two").trouble(0, "gone-for-good");
    const work = fleet.work();
    const lines: string[] = [];
    const followed = followLogs(work, appLogSources(work, {}, false), (line, { host }) =>
      lines.push(`${host} ${line}`),
    );
    await expect(followed).rejects.toMatchObject({ code: "host-unreachable" });
    expect(lines.toSorted()).toEqual(["one here", "three here"]);
    expect(fleet.said().join("\n")).toContain("two: ");
  });
});
