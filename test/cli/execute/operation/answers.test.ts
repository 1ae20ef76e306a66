import { expect, test } from "vitest";
import { APP_HOST, answer, tellHosts } from "../../../../cli/execute/operation/answers.ts";
import { Secret } from "../../../../cli/secret/secret.ts";
import { EverydayFleet } from "../../../support/everyday-fleet.ts";

function told(fleet: EverydayFleet): string[] {
  return fleet.events.flatMap((event) => (event.event === "host-output" ? [`${event.host}: ${event.text}`] : []));
}

test("a host is told of when those before it are done, and not later", async () => {
  const fleet = new EverydayFleet();
  const first = Promise.withResolvers<void>();
  const third = Promise.withResolvers<void>();
  const all = tellHosts(fleet.work(), APP_HOST, ["one", "two", "three"], async (host, tell) => {
    if (host === "one") await first.promise;
    if (host === "three") await third.promise;
    tell(host);
  });
  await new Promise(setImmediate);
  expect(told(fleet)).toEqual([]);
  first.resolve();
  await new Promise(setImmediate);
  expect(told(fleet)).toEqual(["one: one", "two: two"]);
  third.resolve();
  await all;
  expect(told(fleet)).toEqual(["one: one", "two: two", "three: three"]);
});

test("a host that fails has its answers told, and holds nobody up", async () => {
  const fleet = new EverydayFleet();
  const work = fleet.work();
  fleet.script(/second/, { exitCode: 1, stderr: "no" }, "one");
  const all = tellHosts(work, APP_HOST, ["one", "two"], async (host, tell) => {
    tell(await answer(work, host, "echo first"));
    tell(await answer(work, host, "echo second"));
  });
  await expect(all).rejects.toMatchObject({ code: "command-failed", host: "one" });
  expect(told(fleet)).toEqual(["one: ", "two: ", "two: "]);
});

test("secrets that a host prints are not told", async () => {
  const fleet = new EverydayFleet();
  const work = fleet.work();
  work.redactor.add(new Secret("correct horse battery"));
  fleet.script(/printenv/, { stdout: "PASSWORD=correct horse battery\n" });
  await tellHosts(work, APP_HOST, ["one"], async (host, tell) => tell(await answer(work, host, "printenv")));
  expect(told(fleet)).toEqual(["one: PASSWORD=[REDACTED]"]);
});

test("the beginning of the first line stays as it is, and only the end is cut", async () => {
  const fleet = new EverydayFleet();
  fleet.script(/ls/, { stdout: "  a\n b\n\n" });
  expect(await answer(fleet.work(), "one", "ls")).toBe("  a\n b");
});
