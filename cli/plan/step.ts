/** What a change consists of, as plain data: a plan is printed by dry runs and walked by the executor. */

export type Plan = {
  /** As typed: `deploy`. */
  readonly name: string;
  readonly version: string;
  readonly steps: readonly Step[];
};

/** One role's container on one host; both by name. */
export type Place = { readonly host: string; readonly role: string };

export type Step =
  | {
      readonly kind: "run-hook";
      readonly hook: "docker-setup" | "post-deploy" | "pre-connect" | "pre-deploy";
      /** Tell it how long the run took. */
      readonly runtime: boolean;
    }
  /** All can be reached and have Docker: before anything is changed anywhere. */
  | { readonly kind: "check-docker"; readonly hosts: readonly string[] }
  | { readonly kind: "build-image"; readonly version: string; readonly noCache: boolean }
  | { readonly kind: "pull-image"; readonly version: string; readonly hosts: readonly string[] }
  /** What only one at a time may do. */
  | { readonly kind: "lock"; readonly steps: readonly Step[] }
  | { readonly kind: "make-run-directory"; readonly hosts: readonly string[] }
  | { readonly kind: "bootstrap"; readonly hosts: readonly string[] }
  | { readonly kind: "boot-proxy"; readonly networkHosts: readonly string[]; readonly hosts: readonly string[] }
  | { readonly kind: "boot-accessory"; readonly accessory: string; readonly hosts: readonly string[] }
  | { readonly kind: "stop-stale"; readonly places: readonly Place[] }
  | { readonly kind: "prepare-files"; readonly version: string; readonly places: readonly Place[] }
  | BootVersionStep
  | { readonly kind: "tag-latest"; readonly version: string; readonly hosts: readonly string[] }
  /** Each of these hosts is told of all hosts of the app, so that one that leaves the configuration is found. */
  | { readonly kind: "record-hosts"; readonly hosts: readonly string[] }
  | { readonly kind: "prune"; readonly hosts: readonly string[]; readonly places: readonly Place[] };

/** New containers beside the old ones; requests go over to them when all are ready, or to none. */
export type BootVersionStep = {
  readonly kind: "boot-version";
  readonly version: string;
  /** Switched one after another; together they are all or nothing. */
  readonly groups: readonly BootGroup[];
  /** Between two groups. */
  readonly waitSeconds: number;
  /** Whether the roles of one host are started at the same time. */
  readonly parallelRoles: boolean;
  /** What it replaces is not good: see the release record. */
  readonly rollback: boolean;
};

export type BootGroup = { readonly hosts: readonly string[]; readonly places: readonly Place[] };

export type StepOf<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;
