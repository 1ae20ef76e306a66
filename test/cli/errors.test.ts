import { expect, test } from "vitest";
import { ConfigError, EXIT_CODES, formatIssue, KdeployError } from "../../cli/errors.ts";

test("errors carry a code, an exit code and every issue", () => {
  const issue = {
    file: "config/deploy.yml",
    line: 8,
    column: 13,
    keyPath: "servers/web",
    message: "unknown key: optins",
    suggestion: "options",
  };
  expect(formatIssue(issue)).toBe("config/deploy.yml:8:13 servers/web: unknown key: optins — did you mean options?");
  expect(new ConfigError([issue, { ...issue, keyPath: "", suggestion: undefined }])).toMatchObject({
    code: "config-invalid",
    exitCode: EXIT_CODES.configuration,
    message:
      "config/deploy.yml:8:13 servers/web: unknown key: optins — did you mean options?\nconfig/deploy.yml:8:13 unknown key: optins",
  });
  expect(new KdeployError("command-failed", "x", { hint: "y", cause: issue })).toMatchObject({
    exitCode: 1,
    hint: "y",
    cause: issue,
  });
});
