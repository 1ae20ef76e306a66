/** The bed of servers for a test file: brought up by the first one that wants it, and used by one at a time. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeBed } from "../../bed/bed-lock.ts";
import { BED_FOLDER, FILES, REGISTRY, SERVERS } from "../../bed/layout.ts";
import { up } from "../../bed/lifecycle.ts";
import { docker, run } from "../docker/engine.ts";
import { Server } from "./server.ts";

/** Says who has brought the bed up; global-setup.ts takes down what the run itself has brought up. */
export const STARTED_BY = join(BED_FOLDER, "started-by");
export const RUN_VARIABLE = "KDEPLOY_BED_RUN";

export type Bed = {
  readonly servers: readonly [Server, Server, Server];
  /** All servers at once. */
  readonly reset: () => Promise<void>;
  /** Tags a local image for the bed's registry and pushes it. @returns the name that is good everywhere */
  readonly push: (image: string, name: string) => Promise<string>;
  /** The next file may have it; it stays up. */
  readonly end: () => Promise<void>;
};

export async function startBed(): Promise<Bed> {
  const giveBack = await takeBed();
  try {
    const started = await up();
    const runId = process.env[RUN_VARIABLE];
    if (started && runId !== undefined) writeFileSync(STARTED_BY, runId);
  } catch (error) {
    giveBack();
    throw error;
  }
  const servers = SERVERS.map((place) => new Server(place));
  return {
    servers: servers as [Server, Server, Server],
    reset: async () => {
      await Promise.all(servers.map((server) => server.reset()));
    },
    push,
    end: async () => giveBack(),
  };
}

async function push(image: string, name: string): Promise<string> {
  const target = `${REGISTRY.server}/${name}`;
  await docker("tag", image, target);
  try {
    await docker("--config", FILES.dockerConfig, "push", "--quiet", target);
  } finally {
    await run("docker", ["image", "rm", target]);
  }
  return target;
}
