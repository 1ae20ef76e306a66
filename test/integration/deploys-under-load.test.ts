/** Twenty takeovers of every kind on three real servers, while visitors ask all of them all the time: nobody may notice. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppProject } from "../support/bed/app-project.ts";
import { pushVersion } from "../support/bed/pushed-version.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { Traffic, visit } from "../support/bed/traffic.ts";
import { reasonToSkip } from "../support/docker/engine.ts";

const skip = reasonToSkip();
const VERSIONS = ["one", "two", "three", "four"];

/** What is typed, and the version that serves then: each time another one than before. */
const TAKEOVERS: readonly (readonly [command: string, serving: string])[] = [
  ["deploy --skip-push --version two", "two"],
  ["redeploy --skip-push --version three", "three"],
  ["rollback", "two"],
  ["rollback one", "one"],
  ["redeploy --skip-push --version four", "four"],
  ["rollback three", "three"],
  ["deploy --skip-push --version one", "one"],
  ["app boot --version two", "two"],
  ["rollback", "one"],
  ["redeploy --skip-push --version three", "three"],
  ["deploy --skip-push --version four", "four"],
  ["rollback one", "one"],
  ["redeploy --skip-push --version two", "two"],
  ["rollback three", "three"],
  ["deploy --skip-push --version one", "one"],
  ["redeploy --skip-push --version four", "four"],
  ["rollback two", "two"],
  ["app boot --version one", "one"],
  ["rollback three", "three"],
  ["deploy --skip-push --version four", "four"],
];

let bed: Bed;
let project: AppProject;

if (skip !== undefined) process.stderr.write(`Deploys under load are not tested on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("while visitors ask three servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    await bed.reset();
    project = await AppProject.create();
    // Workers here need no time to show that they stay.
    await project.change("config/deploy.yml", (text) => text.replace("readiness_delay: 1", "readiness_delay: 0"));
    await project.commit("all");
    for (const version of VERSIONS) await pushVersion(bed, project, version);
    await kdeploy("setup --skip-push --version one");
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("twenty takeovers lose no request, and every one of them is seen by all", { timeout: 900_000 }, async () => {
    const traffic = new Traffic(bed.servers);
    const from = performance.now();
    for (const [command, serving] of TAKEOVERS) {
      await kdeploy(command);
      const answers = await Promise.all(bed.servers.map(({ url }) => visit(`${url}/`)));
      expect(answers, command).toEqual([serving, serving, serving]);
    }
    await traffic.stop();
    const seconds = (performance.now() - from) / 1000;
    const visits = [...traffic.visits.values()];
    const answers = visits.reduce((sum, { answers }) => sum + answers, 0);
    const { failures } = traffic;
    process.stdout.write(
      `${failures.map((failure) => `${failure}\n`).join("")}${TAKEOVERS.length} takeovers in ${seconds.toFixed(0)} s: ${answers} answers, ${failures.length} failed requests, ` +
        `takeovers seen: ${visits.map(({ takeovers }) => takeovers).join(", ")}\n`,
    );
    expect(failures).toEqual([]);
    expect(visits.map(({ takeovers }) => takeovers)).toEqual(bed.servers.map(() => TAKEOVERS.length));
    expect(answers).toBeGreaterThan(1000);
  });
});

/** Must do what it is told. */
async function kdeploy(command: string): Promise<void> {
  const { exitCode, output } = await project.kdeploy(command.split(" "));
  expect(exitCode, `kdeploy ${command}\n${output}`).toBe(0);
}
