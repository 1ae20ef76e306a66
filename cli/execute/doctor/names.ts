/** The names that the proxy answers to: do they lead to hosts of their roles, and do its ports answer from here? */
import type { Config, Proxy } from "../../config/config.ts";
import { type Finding, ok, problem, skipped, warning } from "./finding.ts";
import type { Reach } from "./network.ts";

export type ServedName = {
  readonly name: string;
  /** Those of every role and accessory that has it. */
  readonly hosts: readonly string[];
  readonly ssl: boolean;
  /** Its certificate is fetched by the proxy, for which the name has to lead there. */
  readonly automatic: boolean;
};

/** Each once, in the order of the configuration. */
export function servedNames(config: Pick<Config, "roles" | "accessories">): ServedName[] {
  const places: { readonly proxy: Proxy | undefined; readonly hosts: readonly string[] }[] = [
    ...config.roles.map(({ proxy, hosts }) => ({ proxy, hosts: hosts.map(({ name }) => name) })),
    ...config.accessories,
  ];
  const names = new Map<string, ServedName>();
  for (const { hosts, proxy } of places) {
    for (const name of proxy?.hosts ?? []) {
      const before = names.get(name);
      names.set(name, {
        name,
        hosts: [...new Set([...(before?.hosts ?? []), ...hosts])],
        ssl: before?.ssl === true || proxy?.ssl === true,
        automatic: before?.automatic === true || (proxy?.ssl === true && proxy.certificate === undefined),
      });
    }
  }
  return [...names.values()];
}

/** What is known of where a name and its hosts are. `found` undefined: nobody could be asked. */
export type Whereabouts = {
  readonly found: readonly string[] | undefined;
  /** Addresses by host, as far as they are known. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  /** What a server finds under the name, where it was asked. */
  readonly onServer?: { readonly host: string; readonly addresses: readonly string[] } | undefined;
};

/** A name is in order when all that it leads to are hosts of its own. */
export function checkName({ automatic, name }: ServedName, { found, hosts, onServer }: Whereabouts): Finding {
  const check = "dns";
  if (name.includes("*")) return skipped(check, `${name} stands for any name: where those lead was not looked up.`);
  const known = [...hosts.values()].flat();
  const there =
    onServer === undefined ? "" : ` On ${onServer.host} it leads to ${onServer.addresses.join(", ") || "nothing"}.`;
  const pointIt = `have DNS lead ${name} to ${known.join(", ") || [...hosts.keys()].join(", ")}`;
  if (found === undefined)
    return warning(check, `${name} could not be looked up here.${there}`, "is there a DNS server?");
  if (found.length === 0) {
    const text = `${name} leads nowhere${automatic ? ", so no certificate is to be had for it" : ""}.${there}`;
    return automatic ? problem(check, text, pointIt) : warning(check, text, pointIt);
  }
  if (known.length === 0)
    return skipped(check, `${name} leads to ${found.join(", ")}; addresses of its hosts are not known.`);
  const strangers = found.filter((address) => !known.includes(address));
  if (strangers.length === 0) {
    const reached = [...hosts].filter(([, addresses]) => addresses.some((address) => found.includes(address)));
    return ok(check, `${name} leads to ${reached.map(([host]) => host).join(", ")} (${found.join(", ")}).`);
  }
  const which =
    strangers.length === found.length ? "which is no host of its own" : "which is no host of its own, among others";
  const text = `${name} leads to ${strangers.join(", ")}, ${which}.${there}`;
  return warning(check, text, `${pointIt}; unless a load balancer or a CDN is there`);
}

/** Whether to ask a server as well: it may see another answer, which explains what is seen here. */
export function isDoubtful({ verdict }: Finding): boolean {
  return verdict === "warning" || verdict === "problem";
}

/** @param running the proxy has the port: then a port that is refused is closed, and before that it is only unused */
export function checkReach(address: string, port: number, reach: Reach, running: boolean): Finding {
  const check = `reach-${port}`;
  if (reach === "open") return ok(check, `Port ${port} of ${address} answers from here.`);
  if (reach === "refused" && !running) {
    return ok(check, `Port ${port} of ${address} can be reached from here; nothing answers there yet.`);
  }
  const text = `Port ${port} of ${address} ${reach === "refused" ? "refuses connections" : "does not answer"} from here.`;
  return warning(
    check,
    text,
    "open it in the firewall of the host or of its provider; unless a load balancer alone may reach it",
  );
}
