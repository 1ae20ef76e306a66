import { describe, expect, test } from "vitest";
import { bootGroups } from "../../../cli/plan/boot-steps.ts";
import { deployPlan } from "../../../cli/plan/deploy.ts";
import { printPlan } from "../../../cli/plan/print.ts";
import { redeployPlan } from "../../../cli/plan/redeploy.ts";
import { afterRollbackPlan, rollbackPlan } from "../../../cli/plan/rollback.ts";
import { setupPlan } from "../../../cli/plan/setup.ts";
import { type Filters, select } from "../../../cli/selection/selection.ts";
import { configOf } from "../config/written-config.ts";

const CONFIG = `
servers:
  web: { hosts: [one, two] }
  jobs: { hosts: [two], cmd: work }
accessories:
  db: { image: postgres, host: three }
`;
const options = { version: "v2", skipPush: false, noCache: false };

function made(text = CONFIG, filters: Filters = {}) {
  const config = configOf(text);
  return { config, selection: select(config, filters) };
}

describe("plans", () => {
  test("deploy", () => {
    const { config, selection } = made();
    expect(printPlan(deployPlan(config, selection, options))).toEqual([
      "deploy v2",
      "  hook pre-connect",
      "  check Docker on one, two, three",
      "  build and push v2",
      "  pull v2 on one, two",
      "  under the deploy lock",
      "    make .kamal on one, two, three",
      "    hook pre-deploy",
      "    network on one, two, three, proxy on one, two",
      "    stop stale containers: web on one, web on two, jobs on two",
      "    files for v2: web on one, web on two, jobs on two",
      "    boot v2",
      "      switch together: web on one, web on two, jobs on two",
      "    tag v2 as latest on one, two",
      "    note the hosts of the app on one, two",
      "    prune on one, two, three",
      "  hook post-deploy",
    ]);
  });

  test("deploy without a build, of one host", () => {
    const { config, selection } = made(CONFIG, { hosts: "two" });
    const lines = printPlan(deployPlan(config, selection, { ...options, skipPush: true }));
    expect(lines).not.toContain("  build and push v2");
    expect(lines).toContain("  pull v2 on two");
    expect(lines).toContain("      switch together: web on two, jobs on two");
  });

  test("setup does everything under the lock, and starts accessories", () => {
    const { config, selection } = made();
    const lines = printPlan(setupPlan(config, selection, { ...options, noCache: true }));
    expect(lines.slice(0, 8)).toEqual([
      "setup v2",
      "  hook pre-connect",
      "  under the deploy lock",
      "    make .kamal on one, two, three",
      "    install Docker where it is missing: one, two, three",
      "    hook docker-setup",
      "    build and push v2 without cache",
      "    pull v2 on one, two",
    ]);
    expect(lines).toContain("    accessory db on three");
    expect(lines.at(-1)).toBe("    hook post-deploy");
  });

  test("redeploy leaves proxy and old containers alone", () => {
    const { config, selection } = made();
    const lines = printPlan(redeployPlan(config, selection, options));
    expect(lines.filter((line) => /proxy|prune/.test(line))).toEqual([]);
    expect(lines).toContain("    boot v2");
  });

  test("rollback boots, and what is left is a hook", () => {
    const { config, selection } = made();
    expect(printPlan(rollbackPlan(config, selection, "v1"))).toEqual([
      "rollback v1",
      "  hook pre-deploy",
      "  files for v1: web on one, web on two, jobs on two",
      "  boot v1",
      "    switch together: web on one, web on two, jobs on two",
      "  tag v1 as latest on one, two",
      "  note the hosts of the app on one, two",
    ]);
    expect(printPlan(afterRollbackPlan("v1"))).toEqual(["rollback v1", "  hook post-deploy"]);
  });

  test("are data", () => {
    const { config, selection } = made();
    const plan = deployPlan(config, selection, options);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  test("without app hosts boot nothing", () => {
    const { config, selection } = made(CONFIG, { hosts: "three" });
    const lines = printPlan(redeployPlan(config, selection, options));
    expect(lines.filter((line) => /boot|tag|files/.test(line))).toEqual([]);
  });
});

describe("boot groups", () => {
  const sizes = (boot: string) => {
    const { config, selection } = made(`servers: [h1, h2, h3, h4, h5]\nboot: { limit: ${boot}, wait: 3 }\n`);
    return bootGroups(config, selection).map(({ hosts }) => hosts.length);
  };

  test("are as many hosts at a time as the limit says", () => {
    expect(sizes("2")).toEqual([2, 2, 1]);
    expect(sizes("9")).toEqual([5]);
  });

  test("a percentage is rounded down, and is one host at least", () => {
    expect(sizes("50%")).toEqual([2, 2, 1]);
    expect(sizes("1%")).toEqual([1, 1, 1, 1, 1]);
  });

  test("the wait between them is in the plan", () => {
    const { config, selection } = made(`servers: [h1, h2]\nboot: { limit: 1, wait: 3 }\n`);
    expect(printPlan(redeployPlan(config, selection, options))).toContain("    boot v2, 3 s between groups");
  });
});
