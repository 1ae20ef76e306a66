/** `kdeploy diff`: where are the servers other than the configuration says? Everything is looked at, and nothing changed. */
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description:
    "Looks at containers, routes, accessories and files on every server, those that left the configuration included, and says what " +
    "kdeploy reconcile would do about it. Variables are named, never shown.",
  options: {
    "exit-code": { kind: "bool", help: "end with 1 when something differs" },
  },
  needs: "work",
  changes: false,
  async run({ options, print, work }) {
    const { showDifferences } = await import("../execute/reconcile/diff.ts");
    const count = await showDifferences(work);
    print(`${count === 0 ? "Nothing differs" : count === 1 ? "1 difference" : `${count} differences`}.\n`);
    return count > 0 && options["exit-code"] ? 1 : 0;
  },
});
