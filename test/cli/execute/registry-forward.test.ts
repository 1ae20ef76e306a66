import { describe, expect, test } from "vitest";
import type { BackForward } from "../../../cli/execute/host.ts";
import { pullOn } from "../../../cli/execute/job/pull-image.ts";
import { withRegistryForward } from "../../../cli/execute/registry-forward.ts";
import { WorkError } from "../../../cli/execute/work-error.ts";
import { type FleetOptions, SimulatedFleet, THREE_HOSTS } from "../../support/simulated-fleet.ts";

const LOCAL = THREE_HOSTS.replace(/^registry: .*$/m, 'registry: { server: "localhost:5055" }');
const HOSTS = ["one", "two", "three"];

function fleetOf(options: FleetOptions = {}): SimulatedFleet {
  return new SimulatedFleet({ config: LOCAL, ...options });
}

/** `begin host`, `end host` and whatever else was noted, in order. */
function notesOf(fleet: SimulatedFleet): string[] {
  return fleet.recording.all.map(({ host, command }) => {
    if (/^forward \d+ back/.test(command)) return `begin ${host}`;
    return /^forward \d+ no more/.test(command) ? `end ${host}` : `${host}: ${command}`;
  });
}

describe("a registry on this machine is within reach of servers", () => {
  test("while something is done, and not before all are ready, nor afterwards", async () => {
    const fleet = fleetOf();
    const work = fleet.work();
    const result = await withRegistryForward(work, HOSTS, async () => {
      await work.host("one").run("docker version");
      return "done";
    });
    expect(result).toBe("done");
    expect(fleet.recording.on("two")).toEqual(["forward 5055 back to 5055", "forward 5055 no more"]);
    expect(notesOf(fleet)).toEqual([
      "begin one",
      "begin two",
      "begin three",
      "one: docker version",
      "end one",
      "end two",
      "end three",
    ]);
  });

  test("when one host cannot have it, nothing is done, the host is named, and the others are closed", async () => {
    const fleet = fleetOf();
    fleet.host("two").trouble(/^forward/, "fails");
    let done = false;
    const failed = withRegistryForward(fleet.work(), HOSTS, async () => {
      done = true;
    });
    await expect(failed).rejects.toMatchObject({ code: "forward-refused", host: "two" });
    expect(done).toBe(false);
    expect(notesOf(fleet).slice(3)).toEqual(["end one", "end three"]);
  });

  test("hosts that do not answer in time are named, and one that comes up later is closed", async () => {
    const fleet = fleetOf({ limits: { forwardOpenMs: 20, forwardCloseMs: 20 } });
    const late = Promise.withResolvers<BackForward>();
    let closed = 0;
    for (const name of ["two", "three"]) fleet.host(name).forwardBack = () => late.promise;
    const failed = withRegistryForward(fleet.work(), HOSTS, () => Promise.reject(new Error("never")));
    await expect(failed).rejects.toMatchObject({
      code: "several-hosts-failed",
      message: "2 hosts failed: two, three",
      details: expect.arrayContaining([expect.stringContaining("port 5055")]),
    });
    late.resolve({
      close: async () => {
        closed += 1;
      },
    });
    await new Promise(setImmediate);
    expect(closed).toBe(2);
  });

  test("it is closed after a failure of what was done, too", async () => {
    const fleet = fleetOf();
    const failed = withRegistryForward(fleet.work(), ["one"], () => Promise.reject(new WorkError("boot-failed", "no")));
    await expect(failed).rejects.toMatchObject({ code: "boot-failed" });
    expect(notesOf(fleet)).toEqual(["begin one", "end one"]);
  });

  test("a cancelled run does not wait for it, and closes what there is", async () => {
    const fleet = fleetOf({ limits: { forwardCloseMs: 20 } });
    fleet.host("two").forwardBack = () => new Promise(() => {});
    const running = withRegistryForward(fleet.work(), ["one", "two"], () => Promise.reject(new Error("never")));
    await new Promise((resolve) => setTimeout(resolve, 20));
    fleet.stop.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    expect(notesOf(fleet)).toEqual(["begin one", "end one"]);
  });

  test("a closing that never ends holds nobody up", async () => {
    const fleet = fleetOf({ limits: { forwardCloseMs: 20 } });
    fleet.host("one").forwardBack = async () => ({ close: () => new Promise(() => {}) });
    expect(await withRegistryForward(fleet.work(), ["one"], async () => "done")).toBe("done");
  });

  test("what is open already is shared, and closed by the last; then it can be had again", async () => {
    const fleet = fleetOf();
    const work = fleet.work();
    const inner = Promise.withResolvers<void>();
    let innerDone: Promise<void> | undefined;
    await withRegistryForward(work, ["one"], async () => {
      innerDone = withRegistryForward(work, ["one"], () => inner.promise);
    });
    expect(notesOf(fleet)).toEqual(["begin one"]);
    inner.resolve();
    await innerDone;
    expect(notesOf(fleet)).toEqual(["begin one", "end one"]);
    await withRegistryForward(work, ["one"], async () => {});
    expect(notesOf(fleet)).toEqual(["begin one", "end one", "begin one", "end one"]);
    const steps = fleet.events.filter(({ event }) => event === "step-started");
    expect(steps).toHaveLength(2);
  });

  test("a new one waits until the one before has let the port go", async () => {
    const fleet = fleetOf({ limits: { forwardCloseMs: 1 } });
    const notes: string[] = [];
    fleet.host("one").forwardBack = async () => {
      notes.push("begin");
      const close = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        notes.push("end");
      };
      return { close };
    };
    const work = fleet.work();
    await withRegistryForward(work, ["one"], async () => {});
    await withRegistryForward(work, ["one"], async () => {});
    expect(notes).toEqual(["begin", "end", "begin"]);
  });

  test("a dry run says it, and reaches nobody", async () => {
    const fleet = fleetOf();
    await withRegistryForward(fleet.work({ dryRun: true }), ["one", "two"], async () => {});
    expect(fleet.recording.all).toEqual([]);
    expect(fleet.said()).toEqual([
      "one: would let port 5055 of one lead to the registry here",
      "two: would let port 5055 of two lead to the registry here",
    ]);
  });

  test("for a registry elsewhere there is nothing to do", async () => {
    const fleet = new SimulatedFleet();
    expect(await withRegistryForward(fleet.work(), HOSTS, async () => "done")).toBe("done");
    expect(fleet.recording.all).toEqual([]);
    expect(fleet.events).toEqual([]);
  });

  test("the pull of a single host, as of a command in a new container, has it as well", async () => {
    const fleet = fleetOf();
    await pullOn(fleet.work(), "one", "v2");
    const about = notesOf(fleet).filter((note) => !note.includes("audit"));
    expect(about).toEqual([
      "localhost: docker start kamal-docker-registry || docker run --detach -p 127.0.0.1:5055:5000 --name kamal-docker-registry registry:3",
      "begin one",
      "one: docker pull localhost:5055/acme/app:v2",
      "end one",
      expect.stringContaining("one: docker inspect -f"),
    ]);
  });
});
