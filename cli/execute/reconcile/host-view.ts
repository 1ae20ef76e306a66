/** The facts of a host, sorted by whose they are: containers of this app by role, and what other apps on the host have a claim to. */
import type { Config, Role } from "../../config/config.ts";
import { containerPrefix } from "../../config/names.ts";
import type { HostFacts, ListedContainer } from "../../remote/inventory-facts.ts";
import type { Route } from "../../remote/routes.ts";

export const REPLACED = /_replaced_[0-9a-f]+$/;
const SHORT_ID = 12;
const RUNNING: ReadonlySet<string> = new Set(["running", "restarting", "paused"]);

export function runs({ state }: Pick<ListedContainer, "state">): boolean {
  return RUNNING.has(state);
}

/** Of this service and destination; a container of a command has no role, and is nobody's concern here. */
export function isOurs(config: Config, { destination, role, service }: ListedContainer): boolean {
  return service === config.service && destination === (config.destination ?? "") && role !== "";
}

/** In any state, the newest first. */
export function containersOf(config: Config, facts: HostFacts, role: string): ListedContainer[] {
  return facts.containers.filter((one) => isOurs(config, one) && one.role === role);
}

/** Roles that have containers here, by name. */
export function rolesIn(config: Config, facts: HostFacts): string[] {
  return [...new Set(facts.containers.filter((one) => isOurs(config, one)).map(({ role }) => role))].toSorted();
}

export function routeOf({ routes }: HostFacts, service: string): Route | undefined {
  return routes?.find((route) => route.service === service);
}

/** Whether requests of the route go to this container. */
export function leadsTo(route: Route | undefined, { id }: Pick<ListedContainer, "id">): boolean {
  return route?.targets.some((target) => target.startsWith(id.slice(0, SHORT_ID))) === true;
}

/** The one that serves: which the proxy sends requests to, else which is tagged latest, else the newest. Undefined when none runs. */
export function currentOf(config: Config, facts: HostFacts, role: Role): ListedContainer | undefined {
  const running = containersOf(config, facts, role.name).filter(runs);
  const route = role.proxy === undefined ? undefined : routeOf(facts, containerPrefix(config, role));
  const isLatest = ({ id }: ListedContainer): boolean =>
    facts.latestImage !== undefined && facts.details.get(id)?.imageId === facts.latestImage;
  return running.find((one) => leadsTo(route, one)) ?? running.find(isLatest) ?? running[0];
}

/** As the container's name has it. */
export function versionOf(config: Config, { name, role }: ListedContainer): string {
  return name.slice(containerPrefix(config, { name: role }).length + 1).replace(REPLACED, "");
}

export function rolesOn(config: Config, host: string): Role[] {
  return config.roles.filter((role) => role.hosts.some(({ name }) => name === host));
}

/** Names of env files of this app: `roles` or `accessories` that it has had here. */
export function envFilesOf(config: Config, facts: HostFacts, kind: "roles" | "accessories"): string[] {
  const before = `.kamal/apps/${config.appId}/env/${kind}/`;
  return facts.paths
    .filter((path) => path.startsWith(before) && path.endsWith(".env"))
    .map((path) => path.slice(before.length, -".env".length))
    .toSorted();
}

/** Whether this user has run the role here: another user's project may have the same name, and the same labels. */
export function wasOurs(config: Config, facts: HostFacts, role: string): boolean {
  return envFilesOf(config, facts, "roles").includes(role);
}

/**
 * Whether another app here may have something of this name, by its own env files: `app` with `admin-db` and `app-admin` with `db` give
 * their containers the same name, and accessories are shared by all destinations of a service.
 */
export function isClaimedByOthers(
  config: Config,
  facts: HostFacts,
  kind: "roles" | "accessories",
  name: string,
): boolean {
  return facts.paths.some((path) => {
    const [, app = "", at, part = ""] =
      /^\.kamal\/apps\/([^/]+)\/env\/(roles|accessories)\/(.+)\.env$/.exec(path) ?? [];
    if (at !== kind || app === config.appId) return false;
    return appsCalled(facts, app).some(
      (one) => name === (kind === "accessories" ? `${one.service}-${part}` : containerPrefix(one, { name: part })),
    );
  });
}

type AppName = Pick<Config, "service" | "destination">;

/** An app's directory has service and destination in one word: its containers say which is which, else it may be any. */
function appsCalled({ containers }: HostFacts, app: string): AppName[] {
  const known = containers
    .filter(({ role }) => role !== "")
    .map(({ destination, service }) => ({ service, destination: destination === "" ? undefined : destination }))
    .filter(({ destination, service }) => app === [service, destination].filter((one) => one !== undefined).join("-"));
  if (known.length > 0) return known;
  const dashes = [...app.matchAll(/-/g)].map(({ index }) => index);
  return [
    { service: app, destination: undefined },
    ...dashes.map((at) => ({ service: app.slice(0, at), destination: app.slice(at + 1) })),
  ];
}
