/** `deploy`: build, deliver, then switch under the lock. Configuration, selection and options in, the plan out. Source: cli-deploy-flow §2. */
import type { Config } from "../config/config.ts";
import type { Selection } from "../selection/selection.ts";
import { bootSteps, placesOn } from "./boot-steps.ts";
import type { Plan, Step } from "./step.ts";

export type DeployOptions = {
  readonly version: string;
  /** The image is in the registry already. */
  readonly skipPush: boolean;
  readonly noCache: boolean;
};

export function deployPlan(config: Config, selection: Selection, options: DeployOptions): Plan {
  return deliveredPlan("deploy", selection, options, switchSteps(config, selection, options.version));
}

/** Build and deliver, then `switching` under the lock, with the hooks around both. */
export function deliveredPlan(
  name: Plan["name"],
  selection: Selection,
  options: DeployOptions,
  switching: readonly Step[],
): Plan {
  return {
    name,
    version: options.version,
    steps: [
      { kind: "run-hook", hook: "pre-connect", runtime: false },
      { kind: "check-docker", hosts: selection.hosts },
      ...deliverSteps(selection, options),
      {
        kind: "lock",
        steps: [
          { kind: "make-run-directory", hosts: selection.hosts },
          { kind: "run-hook", hook: "pre-deploy", runtime: false },
          ...switching,
        ],
      },
      { kind: "run-hook", hook: "post-deploy", runtime: true },
    ],
  };
}

/** From the sources to images on the hosts. */
export function deliverSteps(selection: Selection, { version, skipPush, noCache }: DeployOptions): Step[] {
  return [
    ...(skipPush ? [] : [{ kind: "build-image", version, noCache } as const]),
    { kind: "pull-image", version, hosts: selection.appHosts },
  ];
}

/** From images on the hosts to an app that serves, and nothing old beside it. `accessories` are started before the app. */
export function switchSteps(
  config: Config,
  selection: Selection,
  version: string,
  { accessories = false }: { accessories?: boolean } = {},
): Step[] {
  return [
    bootProxyStep(selection),
    ...(accessories ? accessorySteps(config, selection) : []),
    { kind: "stop-stale", places: placesOn(selection, selection.appHosts) },
    ...bootSteps(config, selection, version),
    { kind: "prune", hosts: selection.hosts, places: placesOn(selection, selection.appHosts) },
  ];
}

function bootProxyStep(selection: Selection): Step {
  return { kind: "boot-proxy", networkHosts: selection.hosts, hosts: selection.proxyHosts };
}

function accessorySteps(config: Config, selection: Selection): Step[] {
  return config.accessories
    .map((accessory) => ({ accessory, hosts: selection.accessoryHosts(accessory) }))
    .filter(({ hosts }) => hosts.length > 0)
    .map(({ accessory, hosts }) => ({ kind: "boot-accessory", accessory: accessory.name, hosts }));
}
