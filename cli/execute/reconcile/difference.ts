/** One thing that is on a server, or is not, other than the configuration says; and what would be done about it, as plain data. */
import { KdeployError } from "../../errors.ts";
import type { Differs } from "../event.ts";

export type Difference = Pick<Differs, "host" | "subject" | "kind" | "text" | "remedy"> & { readonly action: Action };

/** What `reconcile` does; `nothing` is a person's to decide. Hosts are the difference's. */
export type Action =
  | { readonly do: "nothing" }
  | { readonly do: "boot"; readonly role: string; readonly version: string }
  | { readonly do: "route"; readonly role: string; readonly version: string; readonly container: string }
  | { readonly do: "boot-accessory"; readonly accessory: string }
  | { readonly do: "reboot-accessory"; readonly accessory: string }
  | { readonly do: "route-accessory"; readonly accessory: string; readonly container: string }
  | { readonly do: "boot-proxy" }
  | { readonly do: "reboot-proxy" }
  | { readonly do: "remove-route"; readonly service: string }
  | { readonly do: "remove-containers"; readonly role: string; readonly names: readonly string[] }
  | { readonly do: "stop-container"; readonly role: string; readonly name: string }
  | { readonly do: "remove-accessory"; readonly service: string; readonly routed: boolean }
  | { readonly do: "remove-files"; readonly paths: readonly string[] }
  | { readonly do: "leave-host"; readonly removesProxy: boolean; readonly removesImages: boolean }
  | { readonly do: "forget-host" };

/** For `--only`. */
export const PARTS = ["orphans", "app", "accessories", "proxy"] as const;
export type Part = (typeof PARTS)[number];

const PART_OF: { readonly [Do in Action["do"]]: Part | undefined } = {
  nothing: undefined,
  boot: "app",
  route: "app",
  // One that does not run serves nobody: to start it interrupts nothing.
  "boot-proxy": "app",
  "boot-accessory": "accessories",
  "reboot-accessory": "accessories",
  "route-accessory": "accessories",
  "reboot-proxy": "proxy",
  "remove-route": "orphans",
  "remove-containers": "orphans",
  "stop-container": "orphans",
  "remove-accessory": "orphans",
  "remove-files": "orphans",
  "leave-host": "orphans",
  "forget-host": "orphans",
};

export function partOf({ action }: Difference): Part | undefined {
  return PART_OF[action.do];
}

export type Doing<Do extends Action["do"]> = Difference & { readonly action: Extract<Action, { readonly do: Do }> };

export function doing<Do extends Action["do"]>(differences: readonly Difference[], what: Do): Doing<Do>[] {
  return differences.filter((one): one is Doing<Do> => one.action.do === what);
}

/** `--only`, as typed, and whether proxies are to be replaced without it. @throws KdeployError `option-invalid` */
export function partsOf(only: string | undefined, proxy: boolean): Part[] {
  if (only === undefined) return PARTS.filter((part) => part !== "proxy" || proxy);
  const names = only.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !PARTS.some((part) => part === name));
  if (wrong === undefined) return PARTS.filter((part) => names.includes(part) || (part === "proxy" && proxy));
  throw new KdeployError(
    "option-invalid",
    `--only ${only}: there is no part ${wrong === "" ? "without a name" : wrong}.`,
    {
      exitClass: "usage",
      hint: `parts are ${PARTS.join(", ")}`,
    },
  );
}
