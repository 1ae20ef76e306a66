/** Every host of the app notes which hosts the app has, so that one that leaves the configuration can be found by the others. */
import type { Config } from "../../config/config.ts";
import type { StepOf } from "../../plan/step.ts";
import { type AppHost, recordHosts } from "../../remote/app-hosts.ts";
import { allHosts } from "../../selection/selection.ts";
import { say } from "../in-step.ts";
import { settleOnHosts } from "../on-hosts.ts";
import { throwIfCancelled } from "../pause.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";

/** The app is deployed by now: a record that cannot be written is told, and written by the next deploy. */
export async function recordHostsOn(work: Work, { hosts }: StepOf<"record-hosts">): Promise<void> {
  const line = recordHosts(work.config, appHostsOf(work.config));
  const { failures } = await settleOnHosts(work, hosts, (host) => runCommand(work, host, line, { level: "debug" }));
  throwIfCancelled(work.signal);
  for (const { host, error } of failures) {
    say(work, "warning", `The hosts of the app could not be noted: ${error.message}`, host);
  }
}

/** Of roles and accessories, as the configuration has them. */
export function appHostsOf(config: Config): AppHost[] {
  return allHosts(config)
    .map((host) => ({
      host,
      roles: config.roles
        .filter((role) => role.hosts.some(({ name }) => name === host))
        .map(({ name }) => name)
        .toSorted(),
    }))
    .toSorted((one, other) => (one.host < other.host ? -1 : 1));
}
