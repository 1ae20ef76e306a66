/** The proxy of a host: whether it runs, and as it would be run now. */
import type { Config } from "../../config/config.ts";
import { PROXY_CONTAINER } from "../../config/names.ts";
import { detailsNamed, type HostFacts } from "../../remote/inventory-facts.ts";
import { differences } from "../../remote/proxy-drift.ts";
import { proxyRunOn } from "../job/boot-proxy.ts";
import type { Difference } from "./difference.ts";

export function compareProxy(config: Config, host: string, facts: HostFacts): Difference[] {
  const found = { host, subject: PROXY_CONTAINER } as const;
  const container = detailsNamed(facts, PROXY_CONTAINER);
  if (container?.status !== "running") {
    const text = container === undefined ? "There is no proxy on this host." : `The proxy is ${container.status}.`;
    return [{ ...found, kind: "proxy-missing", text, remedy: "reconcile starts it", action: { do: "boot-proxy" } }];
  }
  const run = proxyRunOn(config, host);
  const { command, env, host: hostConfig, image, labels } = container;
  const variables = [...env].map(([name, value]) => `${name}=${value.reveal()}`);
  const changed = [
    ...differences(run, { image, command, labels, host: hostConfig, env: variables }).map(withoutValue),
    // Without `proxy.run` the files of the host say which image it is.
    ...(run === undefined && !` ${facts.bootFiles} `.includes(` ${image} `) ? [`image ${image}`] : []),
  ];
  if (changed.length === 0) return facts.routes === undefined ? [silent(host)] : [];
  return [
    {
      ...found,
      kind: "proxy-changed",
      text: `The proxy is not as it would be run now: ${changed.join(", ")}.`,
      remedy: "kdeploy proxy reboot, or reconcile --proxy: its requests are interrupted",
      action: { do: "reboot-proxy" },
    },
  ];
}

/** Then nothing is known of its routes. */
function silent(host: string): Difference {
  return {
    host,
    subject: PROXY_CONTAINER,
    kind: "proxy-missing",
    text: "The proxy runs, and does not answer: nothing is known of its routes.",
    remedy: "kdeploy proxy logs says why; kdeploy proxy restart starts it anew",
    action: { do: "nothing" },
  };
}

/** Of a variable its name is told, as of every other container's. */
function withoutValue(words: string): string {
  return words.replace(/^((?:no )?option env [^=]*)=.*$/s, "$1");
}
