/** Where the tool runs: the environment in, words for people on other machines out. */
import { hostname, userInfo } from "node:os";

type Env = Readonly<Record<string, string | undefined>>;

/** Variables by which CI systems say where a run can be looked at; the first that is set counts. */
const RUN_URLS = ["CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL", "DRONE_BUILD_LINK"];

/** The address of the CI run that this is part of, or that it is one. */
export function ciRun(env: Env): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = env;
  if (server !== undefined && repository !== undefined && id !== undefined) {
    return `${server}/${repository}/actions/runs/${id}`;
  }
  const url = RUN_URLS.map((name) => env[name]).find((value) => value !== undefined && value !== "");
  return url ?? (env["CI"] === "true" ? "a CI run" : undefined);
}

/** `user@machine`. */
export function thisMachine(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have a number and no name.
    return String(process.getuid?.() ?? "somebody");
  }
}
