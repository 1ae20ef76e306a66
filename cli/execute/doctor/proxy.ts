/** The proxy of a host: does it run, is it new enough, and who has the ports that it needs? */
import type { ProxyRun } from "../../config/config.ts";
import { PROXY_CONTAINER } from "../../config/names.ts";
import { isTooOld } from "../../remote/proxy-image.ts";
import type { Published, Survey } from "../../remote/survey.ts";
import { type Finding, ok, problem, skipped, warning } from "./finding.ts";

/** @param run as configured; without it the original's boot files on the host count */
export function checkProxy(survey: Survey, run: ProxyRun | undefined): Finding[] {
  return [checkContainer(survey), ...portsOf(survey, run).map((port) => checkPort(survey, port, run))];
}

export function proxyRuns({ proxy }: Survey): boolean {
  return proxy?.status === "running";
}

/** On the host, for HTTP and HTTPS; none where it publishes none. */
export function portsOf({ bootOptions }: Survey, run: ProxyRun | undefined): readonly number[] {
  if (run !== undefined) return run.publish ? [run.httpPort, run.httpsPort] : [];
  if (bootOptions === undefined) return [80, 443];
  const flags = bootOptions.matchAll(/--publish[= ]["']?(?:\S*:)?(\d+):(?:80|443)\b/g);
  return [...new Set([...flags].map(([, port]) => Number(port)))];
}

function checkContainer({ proxy, proxyVersion }: Survey): Finding {
  if (proxy === undefined) return ok("proxy", "There is no proxy yet; a deploy starts one.");
  const { image, restarts, status } = proxy;
  const version = proxyVersion === undefined ? "" : `, version ${proxyVersion},`;
  const text = `The proxy ${image}${version} is ${status}.`;
  if (isTooOld(image)) {
    return problem("proxy", `The proxy ${image} is too old.`, "kdeploy proxy reboot starts the one that is wanted");
  }
  if (status === "restarting") return problem("proxy", text, "kdeploy proxy logs says why it does not stay");
  if (status === "paused") return problem("proxy", text, `docker unpause ${PROXY_CONTAINER} on the server`);
  if (status !== "running") return warning("proxy", text, "kdeploy proxy start; a deploy starts it, too");
  // Docker counts from the container's creation on.
  return ok("proxy", restarts === 0 ? text : `${text.slice(0, -1)}; Docker has restarted it ${times(restarts)}.`);
}

function checkPort(survey: Survey, port: number, run: ProxyRun | undefined): Finding {
  const check = `port-${port}`;
  const holders = survey.published.filter((one) => one.port === port).map(({ container }) => container);
  if (holders.includes(PROXY_CONTAINER)) return ok(check, `Port ${port} is the proxy's.`);
  const container = holders[0];
  const listening = survey.listening.find((one) => one.port === port);
  if (container === undefined && listening === undefined) {
    return proxyRuns(survey)
      ? warning(check, `Port ${port} is free: the proxy that runs does not have it.`, "kdeploy proxy reboot")
      : ok(check, `Port ${port} is free.`);
  }
  if (container === undefined && onHostNetwork(survey)) {
    return skipped(check, `Port ${port} is in use, perhaps by the proxy: it publishes no ports of its own.`);
  }
  const who = container === undefined ? (listening?.program ?? "a program") : `the container ${container}`;
  const hint =
    container === undefined
      ? `sudo ss -ltnp 'sport = :${port}' on the server says which; stop it, or set proxy.run's http_port and https_port`
      : `docker stop ${container} on the server, or set proxy.run's http_port and https_port`;
  const text = `Port ${port} is in use by ${who}: the proxy cannot have it.`;
  // On other addresses it may be.
  return run !== undefined && run.bindIps.length > 0 ? warning(check, text, hint) : problem(check, text, hint);
}

function onHostNetwork(survey: Survey): boolean {
  return proxyRuns(survey) && !survey.published.some(({ container }) => container === PROXY_CONTAINER);
}

/** Ports that anybody can reach, past the firewall of the host: but for the proxy's, hardly ever meant so. */
export function checkPublished({ published }: Survey, accessories: readonly Configured[]): Finding[] {
  const open = published.filter((one) => one.container !== PROXY_CONTAINER && isEverywhere(one));
  const running = Map.groupBy(open, ({ container }) => container);
  const planned = accessories.filter(
    ({ publish, service }) =>
      publish !== undefined && !isBound(publish) && !published.some((one) => one.container === service),
  );
  const findings = [...running].map(([container, all]) => {
    const ports = [...new Set(all.map(({ port }) => port))];
    const accessory = accessories.find(({ service }) => service === container);
    return exposed(container, ports.join(", "), accessory?.publish);
  });
  findings.push(...planned.map(({ publish = "", service }) => exposed(service, hostPort(publish), publish)));
  return findings.length > 0 ? findings : [ok("published-ports", "No port but the proxy's is open on every address.")];
}

type Configured = { readonly service: string; readonly publish: string | undefined };

function exposed(container: string, ports: string, publish: string | undefined): Finding {
  const hint =
    publish === undefined
      ? "publish it on 127.0.0.1 only, unless everybody is meant to reach it"
      : `port: "127.0.0.1:${publish}" in the accessory, then kdeploy accessory reboot; unless everybody is meant to reach it`;
  const text = `${container} is open on every address of the host, past its firewall: port ${ports}.`;
  return warning("published-ports", text, hint);
}

function isEverywhere({ address }: Published): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** To one address, as config/resolve-accessories.ts has it. */
function isBound(publish: string): boolean {
  return /^(?:\[[^\]]+\]|[0-9]+(?:\.[0-9]+){3}):/.test(publish) && !/^(?:0\.0\.0\.0|\[::\]):/.test(publish);
}

function hostPort(publish: string): string {
  return publish.replace(/:[^:]*$/, "").replace(/^.*:/, "");
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
