import { expect, test } from "vitest";
import { ConfigError, EXIT_CODES, type ExitClass, KdeployError } from "../../../cli/errors.ts";
import { cancelled, HostError } from "../../../cli/execute/host-error.ts";
import { failureOf } from "../../../cli/report/failure.ts";

const unreachable = (host: string) =>
  new HostError(host, "host-unreachable", "refused", `${host} refused`, { hint: "h" });

test("code, words, hint, details and the exit code of its class", () => {
  const error = new KdeployError("secret-not-found", "no A", { hint: "add it", details: ["a"], exitClass: "secret" });
  expect(failureOf(error)).toEqual({
    events: [
      { event: "failed", code: "secret-not-found", host: undefined, message: "no A", hint: "add it", details: ["a"] },
    ],
    exitCode: 4,
  });
});

test.each(Object.entries(EXIT_CODES))("class %s has exit code %i", (exitClass, exitCode) => {
  expect(failureOf(new KdeployError("command-failed", "x", { exitClass: exitClass as ExitClass })).exitCode).toBe(
    exitCode,
  );
});

test("the host is named", () => {
  expect(failureOf(unreachable("app1"))).toMatchObject({ events: [{ host: "app1", hint: "h" }], exitCode: 6 });
});

test("all that is wrong with a configuration is one failure", () => {
  const issue = { file: "a.yml", line: 1, column: 2, keyPath: "servers", message: "is required" };
  expect(failureOf(new ConfigError([issue, issue]))).toMatchObject({
    events: [{ code: "config-invalid" }],
    exitCode: 3,
  });
});

test("several hosts are told one by one, each once; they share an exit code when they agree", () => {
  const one = unreachable("app1");
  const both = new AggregateError([one, new AggregateError([unreachable("app2"), one])]);
  expect(failureOf(both).events.map(({ host }) => host)).toEqual(["app1", "app2"]);
  expect(failureOf(both).exitCode).toBe(6);
  expect(failureOf(new AggregateError([one, new KdeployError("boot-failed", "x")])).exitCode).toBe(1);
});

test("what was only cancelled because another failed is no news; alone it is", () => {
  const other = cancelled("app2", "docker pull");
  expect(failureOf(new AggregateError([other, unreachable("app1")]))).toMatchObject({
    events: [{ host: "app1" }],
    exitCode: 6,
  });
  expect(failureOf(other)).toMatchObject({ events: [{ code: "cancelled" }], exitCode: 130 });
});

test("what nobody foresaw comes with its stack, and asks to be reported", () => {
  const { events, exitCode } = failureOf(new TypeError("x is undefined"));
  expect(exitCode).toBe(1);
  expect(events[0]).toMatchObject({ code: "bug", message: "x is undefined", hint: expect.stringContaining("report") });
  expect(events[0]?.details.join("\n")).toContain("failure.test.ts");
  expect(failureOf("text").events[0]).toMatchObject({ code: "bug", message: "text" });
});
