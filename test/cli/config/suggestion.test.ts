import { expect, test } from "vitest";
import { suggestionFor } from "../../../cli/config/suggestion.ts";

test.each([
  ["optins", "options"],
  ["hots", "host"],
  ["retain-containers", "retain_containers"],
  ["healtcheck", "healthcheck"],
  ["deploy", "deploy_timeout"],
  ["zzz", undefined],
  ["", undefined],
])("%s: did you mean %s?", (typed, meant) => {
  expect(suggestionFor(typed, ["options", "host", "retain_containers", "healthcheck", "deploy_timeout", "cmd"])).toBe(
    meant,
  );
});
