/** `kdeploy check`: is the configuration in order? Reaches no server and reads no secrets. */
import { ConfigError } from "../errors.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description:
    "Everything that is wrong is reported at once, each with its line. Warnings are reported as well, and fail with --strict.",
  options: { strict: { kind: "bool", help: "fail for warnings, too" } },
  needs: "config",
  changes: false,
  async run({ loaded: { accessoryIssues, buildIssues, files, warnings }, options, shared, print }) {
    const issues = [...buildIssues, ...accessoryIssues];
    if (issues.length > 0) throw new ConfigError(issues);
    const passed = warnings.length === 0 || !options.strict;
    if (shared.json) print(`${JSON.stringify({ valid: passed, files, warnings })}\n`);
    else if (passed) print(`${files.join(" with ")}: in order\n`);
    return passed ? 0 : 3;
  },
});
