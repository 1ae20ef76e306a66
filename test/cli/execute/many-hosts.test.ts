/** Fifty hosts of which one is slow, or silent: the others are not held up, and what each says stays together. */
import { describe, expect, test } from "vitest";
import { onHosts } from "../../../cli/execute/on-hosts.ts";
import { answer, tellHosts } from "../../../cli/execute/operation/answers.ts";
import { runCommand } from "../../../cli/execute/run-command.ts";
import type { Work } from "../../../cli/execute/work.ts";
import { Recording, RecordingHost } from "../../support/recording-host.ts";
import { SimulatedFleet } from "../../support/simulated-fleet.ts";

const HOSTS = Array.from({ length: 50 }, (_, number) => `h${number}`);
const SLOW = "h7";

function fleetWithSlow(): { fleet: SimulatedFleet; work: Work; slowMay: () => void } {
  const fleet = new SimulatedFleet();
  const slow = Promise.withResolvers<void>();
  const recording = new Recording();
  const host = (name: string): RecordingHost => {
    const made = new RecordingHost(name, recording, () => ({ stdout: `${name} says\n${name} goes on\n` }));
    if (name !== SLOW) return made;
    const run = made.run.bind(made);
    made.run = (command, options) => slow.promise.then(() => run(command, options));
    return made;
  };
  return { fleet, work: fleet.work({ host }), slowMay: () => slow.resolve() };
}

describe("of fifty hosts one is slow", () => {
  test("the others come to their end without it [CLI-21]", async () => {
    const { work, slowMay } = fleetWithSlow();
    const done: string[] = [];
    const all = onHosts(work, HOSTS, async (host) => {
      await runCommand(work, host, "docker ps");
      done.push(host);
    });
    await expect.poll(() => done.length).toBe(49);
    expect(done).not.toContain(SLOW);
    slowMay();
    expect((await all).size).toBe(50);
    expect(done.at(-1)).toBe(SLOW);
  });

  test("what each says stays together, in the order of the hosts [CLI-21]", async () => {
    const { fleet, work, slowMay } = fleetWithSlow();
    const told = () => fleet.events.flatMap((event) => (event.event === "host-output" ? [event] : []));
    const all = tellHosts(work, "App Host", HOSTS, async (host, tell) => tell(await answer(work, host, "docker ps")));
    await expect.poll(() => told().length).toBe(7);
    slowMay();
    await all;
    expect(told().map(({ host }) => host)).toEqual(HOSTS);
    for (const { host, text } of told()) expect(text).toBe(`${host} says\n${host} goes on`);
  });

  test("one that does not answer in time is named, and fails alone [CLI-21]", async () => {
    const recording = new Recording();
    const host = (name: string): RecordingHost => {
      const made = new RecordingHost(name, recording);
      if (name === SLOW) made.trouble(0, "hangs");
      return made;
    };
    const work = new SimulatedFleet().work({ host });
    let ended = 0;
    const all = onHosts(work, HOSTS, async (name) => {
      await runCommand(work, name, "docker ps", { timeoutMs: 20 });
      ended += 1;
    });
    await expect(all).rejects.toMatchObject({ code: "command-timed-out", host: SLOW });
    expect(ended).toBe(49);
  });
});
