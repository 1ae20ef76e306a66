/** The merged tree of the configuration files → the frozen configuration, or everything that is wrong with it. */
import type * as z from "zod";
import { ConfigError, type ConfigIssue } from "../errors.ts";
import { checkTree } from "./check.ts";
import { type Builder, type Config, deepFreeze, type HookLevel, type Ssh } from "./config.ts";
import { crossCheck } from "./cross-checks.ts";
import { Draft } from "./draft.ts";
import { resolveAccessories } from "./resolve-accessories.ts";
import { resolveRegistry } from "./resolve-registry.ts";
import { resolveLogging, resolveRoles } from "./resolve-roles.ts";
import { NOTIFY_EVENTS } from "./section/notify.ts";
import { root } from "./section/root.ts";
import { warnOfTraps } from "./traps.ts";
import { type MapNode, type TreeNode } from "./tree.ts";

type Root = z.output<typeof root>;

/** A start alone is no news for most. */
const NOTIFIED = NOTIFY_EVENTS.filter((event) => event !== "started");

/** Throws ConfigError with every issue that was found. */
export function resolveConfig(
  tree: TreeNode,
  destination: string | undefined,
): { config: Config; warnings: readonly ConfigIssue[] } {
  const checked = checkTree(root, withoutExtensions(tree));
  if (!checked.ok) throw new ConfigError(checked.issues);
  const draft = new Draft(tree, checked.value, destination);
  const config = draftConfig(draft);
  crossCheck(draft, config);
  if (draft.issues.length > 0) throw new ConfigError(withoutRepeats(draft.issues));
  warnOfTraps(draft, config);
  return { config: deepFreeze(config), warnings: [...checked.warnings, ...withoutRepeats(draft.warnings)] };
}

/** Keys that begin `x-` hold anchors, at the root only; an empty file holds nothing. */
function withoutExtensions(tree: TreeNode): TreeNode {
  if (tree.kind === "scalar" && tree.value === null)
    return { kind: "map", entries: new Map(), at: tree.at } satisfies MapNode;
  if (tree.kind !== "map") return tree;
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !key.startsWith("x-"))) };
}

function draftConfig(draft: Draft): Config {
  const { input, destination } = draft;
  const registry = resolveRegistry(input.registry ?? {});
  const service = input.service ?? "";
  const image = input.image ?? (registry.localPort === undefined ? "" : service);
  const primaryRole = input.primary_role ?? "web";
  const roles = resolveRoles(draft, primaryRole);
  return {
    service,
    destination,
    image,
    repository: registry.server === undefined ? image : `${registry.server}/${image}`,
    latestTag: destination === undefined ? "latest" : `latest-${destination}`,
    appId: destination === undefined ? service : `${service}-${destination}`,
    registry,
    builder: resolveBuilder(input.builder, image),
    roles,
    primaryRole,
    accessories: resolveAccessories(draft, service, roles),
    volumes: input.volumes ?? [],
    logging: resolveLogging(input.logging, undefined),
    boot: {
      limit: resolveLimit(input.boot?.limit),
      waitSeconds: input.boot?.wait ?? 0,
      parallelRoles: input.boot?.parallel_roles ?? false,
    },
    ssh: resolveSsh(input.ssh ?? {}),
    sshkit: {
      maxConcurrentStarts: input.sshkit?.max_concurrent_starts ?? 30,
      poolIdleTimeoutSeconds: input.sshkit?.pool_idle_timeout ?? 900,
      dnsRetries: input.sshkit?.dns_retries ?? 3,
    },
    output: { filePath: input.output?.file?.path, otelEndpoint: input.output?.otel?.endpoint },
    notify: resolveNotify(input.notify),
    aliases: input.aliases ?? {},
    hooksPath: input.hooks_path ?? ".kamal/hooks",
    hooksOutput: resolveHooksOutput(input.hooks_output),
    secretsPath: input.secrets_path ?? ".kamal/secrets",
    errorPagesPath: input.error_pages_path,
    requireDestination: input.require_destination ?? false,
    allowEmptyRoles: input.allow_empty_roles ?? false,
    retainContainers: input.retain_containers ?? 5,
    readinessDelaySeconds: input.readiness_delay ?? 7,
    deployTimeoutSeconds: input.deploy_timeout ?? 30,
    drainTimeoutSeconds: input.drain_timeout ?? 30,
  };
}

function resolveBuilder(builder: Root["builder"], image: string): Builder {
  const { arch = [], cache, pack } = builder ?? {};
  return {
    arches: typeof arch === "string" ? [arch] : arch,
    remote: builder?.remote,
    local: builder?.local ?? true,
    context: builder?.context,
    dockerfile: builder?.dockerfile ?? "Dockerfile",
    target: builder?.target,
    args: builder?.args ?? {},
    secrets: builder?.secrets ?? [],
    ssh: builder?.ssh,
    cache:
      cache?.type === undefined
        ? undefined
        : {
            type: cache.type === "gha" ? "gha" : "registry",
            options: cache.options,
            image: cache.image ?? `${image}-build-cache`,
          },
    driver: builder?.driver ?? "docker-container",
    provenance: builder?.provenance,
    sbom: builder?.sbom,
    pack: pack === undefined ? undefined : { builder: pack.builder, buildpacks: pack.buildpacks ?? [] },
  };
}

function resolveSsh(ssh: NonNullable<Root["ssh"]>): Ssh {
  const config = ssh.config ?? true;
  return {
    user: ssh.user ?? "root",
    port: Number(ssh.port ?? 22),
    jumpHosts: (ssh.proxy?.split(",") ?? []).map((host) => (host.includes("@") ? host : `root@${host}`)),
    proxyCommand: ssh.proxy === undefined ? ssh.proxy_command : undefined,
    logLevel: ssh.log_level ?? "fatal",
    keysOnly: ssh.keys_only,
    keys: ssh.keys ?? [],
    keyData: ssh.key_data ?? [],
    config: typeof config === "string" ? [config] : config,
    forwardAgent: ssh.forward_agent ?? true,
    transport: ssh.transport ?? "built-in",
  };
}

function resolveLimit(limit: string | number | undefined): Config["boot"]["limit"] {
  if (limit === undefined) return undefined;
  return String(limit).endsWith("%") ? { percent: Number.parseInt(String(limit), 10) } : { count: Number(limit) };
}

function resolveNotify(notify: Root["notify"]): Config["notify"] {
  return (notify ?? []).map(({ url, format, on }) => ({
    urlSecret: url,
    format: format ?? "json",
    on: on ?? NOTIFIED,
  }));
}

/** The levels themselves are checked last, as the original does. */
function resolveHooksOutput(output: Root["hooks_output"]): Config["hooksOutput"] {
  if (output === undefined) return { all: undefined, byHook: {} };
  return typeof output === "string"
    ? { all: output as HookLevel, byHook: {} }
    : { all: undefined, byHook: output as Record<string, HookLevel> };
}

/** What is inherited by several roles is wrong once. */
function withoutRepeats(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const identity = `${issue.file}:${issue.line}:${issue.column} ${issue.keyPath} ${issue.message}`;
    return !seen.has(identity) && seen.add(identity);
  });
}
