import { expect, test } from "vitest";
import { HostError } from "../../../cli/execute/host-error.ts";
import { CommandError, MultiHostError, namesHost, onHost, WorkError } from "../../../cli/execute/work-error.ts";

test.each([
  ["app1 does not answer", "app1", true],
  ["could not reach app1.", "app1", true],
  ["app1: docker ps exited 1", "app1", true],
  ["app10 does not answer", "app1", false],
  ["my-app1 does not answer", "app1", false],
  ["app1.example.com does not answer", "app1", false],
  ["10.0.0.11 does not answer", "10.0.0.1", false],
  ["10.0.0.11 and 10.0.0.1 do not answer", "10.0.0.1", true],
  ["110.0.0.1", "10.0.0.1", false],
  ["fd00::1 is silent", "fd00::1", true],
])("%j names %s: %s", (text, host, names) => {
  expect(namesHost(text, host)).toBe(names);
  expect(onHost(host, text)).toBe(names ? text : `${host}: ${text}`);
});

test("of several hosts each is named once, whatever its error says", () => {
  const result = { exitCode: 1, signal: null, stdout: "", stderr: "" };
  const { details } = new MultiHostError([
    { host: "one", error: new CommandError("one", "docker ps", result, ["no docker"]) },
    { host: "two", error: new HostError("two", "host-unreachable", "refused", "Could not connect to two: refused.") },
    { host: "three", error: new WorkError("image-unusable", "It is not ours.", { details: ["label: x"] }) },
  ]);
  expect(details).toEqual([
    "one: docker ps exited 1",
    "  no docker",
    "Could not connect to two: refused.",
    "three: It is not ours.",
    "  label: x",
  ]);
});
