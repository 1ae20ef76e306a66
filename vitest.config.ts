import { defineConfig } from "vitest/config";

/**
 * Three projects: `unit` needs nothing but Node and takes seconds, `behaviour` opens real sockets and runs its files
 * one after another (they measure time and memory), `integration` needs a Docker engine.
 */
export default defineConfig({
  test: {
    reporters: ["default", "./test/support/totals-reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/proxy/**/*.test.ts", "test/cli/**/*.test.ts", "test/bench/**/*.test.ts", "test/*.test.ts"],
          pool: "forks",
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "behaviour",
          include: ["test/behaviour/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["./test/support/bed/global-setup.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
