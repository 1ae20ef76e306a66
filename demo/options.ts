/** Reads the demo's command line. */
import { parseArgs } from "node:util";

export interface DemoOptions {
  keep: boolean;
  help: boolean;
}

export const helpText = `Usage: npm run demo -- [--keep]

Starts the proxy and an application on free loopback ports, puts load on it, and then cuts over between two
versions ten times, pauses, resumes, shows the maintenance page and leaves it. Takes about 35 seconds.
Exits 0 only if not one request failed.

  --keep   leaves proxy and both versions running at the end and prints the commands to play with
  --help`;

/** Throws when the command line holds anything else. */
export function readOptions(argv: string[]): DemoOptions {
  const { values } = parseArgs({
    args: argv,
    strict: true,
    options: { keep: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
  });
  return values;
}
