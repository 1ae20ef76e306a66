/** `kdeploy doctor`: would a deploy go well? Everything is looked at, and nothing changed. */
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description:
    "Looks at every server at once: login, Docker, disks, clock, architecture, proxy and its ports, ports that anybody can reach, " +
    "lock, registry, DNS. A problem would make a deploy or its requests fail, and ends it with 1; a warning may be meant so.",
  options: {},
  needs: "work",
  changes: false,
  async run({ work, print }) {
    // Names and ports are looked at from here, too: help needs none of that.
    const [{ examine }, { NETWORK }] = await Promise.all([
      import("../execute/doctor/doctor.ts"),
      import("../execute/doctor/network.ts"),
    ]);
    const { problems, warnings } = await examine(work, NETWORK);
    const counts = [counted(problems, "problem"), counted(warnings, "warning")].filter((words) => words !== undefined);
    print(`${counts.length === 0 ? "All is in order" : counts.join(", ")}.\n`);
    return problems === 0 ? 0 : 1;
  },
});

function counted(count: number, what: string): string | undefined {
  return count === 0 ? undefined : `${count} ${what}${count === 1 ? "" : "s"}`;
}
