/** The options of a command line → everything that work needs, and the end of it all. */
import type { Config, Ssh } from "../config/config.ts";
import { KdeployError } from "../errors.ts";
import type { Work } from "../execute/work.ts";
import type { Reporter } from "../report/reporter.ts";
import type { Terminal } from "../report/terminal.ts";
import type { Redactor } from "../secret/redactor.ts";
import type { RunSecretsCommand, SecretsFiles } from "../secret/secrets-files.ts";
import type { SshOptions } from "../ssh/ssh-settings.ts";
import type { SharedValues } from "./options.ts";

export type WorkQuestion = {
  readonly config: Config;
  readonly shared: SharedValues;
  readonly terminal: Terminal;
  readonly redactor: Redactor;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** As typed: `["app", "boot"]`. */
  readonly path: readonly string[];
  /** Without one it is an error that the version is not known; else the latest tag stands for it. */
  readonly needsVersion: boolean;
  /** `$(kdeploy secrets …)` in secrets files. */
  readonly runSecretsCommand: RunSecretsCommand;
};

export type OpenedWork = { readonly work: Work; readonly close: () => Promise<void> };

/** @throws KdeployError for filters that match nothing, a version that is not known, keys that are not there */
export async function openWork(question: WorkQuestion): Promise<OpenedWork> {
  const { config, shared, terminal, redactor, reporter, signal, path } = question;
  const { cwd } = terminal;
  const [{ select }, { LocalHost }, { RunState }, { ConnectionPool }] = await Promise.all([
    import("../selection/selection.ts"),
    import("../execute/local-host.ts"),
    import("../execute/run-state.ts"),
    import("../ssh/connection-pool.ts"),
  ]);
  const { hosts, roles, primary } = shared;
  const selection = select(config, { hosts, roles, primary });
  // As in the original, hooks and fetching commands are told.
  const env =
    config.destination === undefined ? terminal.env : { ...terminal.env, KAMAL_DESTINATION: config.destination };
  const local = new LocalHost({ cwd, env });
  const [version, performer, secrets] = await Promise.all([
    versionOf(question, local),
    import("./resolve-version.ts").then(({ resolvePerformer }) => resolvePerformer(local)),
    secretsOf(question, env),
  ]);
  const pool = new ConnectionPool(await sshOptions(config, secrets, env), {
    onNotice: ({ host, message }) => reporter.report({ event: "said", kind: "notice", text: message, host }),
  });
  const [command = "", subcommand] = path;
  const work: Work = {
    config,
    selection,
    version,
    secrets,
    redactor,
    local,
    host: (name) => pool.host(name),
    report: reporter.report,
    signal,
    dryRun: shared["dry-run"],
    skipHooks: shared["skip-hooks"],
    lockWait: lockWaitOf(shared),
    env,
    cwd,
    performer,
    invocation: { command, subcommand, roles },
    state: new RunState(),
  };
  return { work, close: () => pool.close() };
}

async function versionOf(question: WorkQuestion, local: Work["local"]): Promise<string> {
  const { shared, terminal, config, reporter, needsVersion } = question;
  const { resolveVersion } = await import("./resolve-version.ts");
  // Where nothing comes of the version, where it is from is no news.
  const notice = (text: string): void => {
    if (needsVersion) reporter.report({ event: "said", kind: "notice", text });
  };
  try {
    return await resolveVersion({ asked: shared.version, env: terminal.env, config, local, notice });
  } catch (error) {
    if (needsVersion || !(error instanceof KdeployError) || error.code !== "version-unknown") throw error;
    return config.latestTag;
  }
}

function lockWaitOf(shared: SharedValues): Work["lockWait"] {
  if (!shared["lock-wait"]) return undefined;
  return { timeoutMs: shared["lock-wait-timeout"] * 1000, intervalMs: shared["lock-wait-interval"] * 1000 };
}

async function secretsOf(question: WorkQuestion, env: Work["env"]): Promise<SecretsFiles> {
  const { config, terminal, redactor, reporter, signal, runSecretsCommand } = question;
  const [{ SecretsFiles }, { runInShell }, { WholeLines }] = await Promise.all([
    import("../secret/secrets-files.ts"),
    import("../secret/shell-command.ts"),
    import("./whole-lines.ts"),
  ]);
  const messages = new WholeLines((text) => void terminal.stderr.write(redactor.redact(text)));
  return new SecretsFiles({
    path: config.secretsPath,
    destination: config.destination,
    cwd: terminal.cwd,
    env,
    redactor,
    // A password manager may ask for its password: nothing is drawn over that.
    run: (script, options) => paused(reporter, () => runInShell(script, options).finally(() => messages.flush())),
    runSecretsCommand: (words, given) => paused(reporter, () => runSecretsCommand(words, given)),
    onStderr: (text) => messages.add(text),
    signal,
  });
}

async function paused<Result>(reporter: Reporter, perform: () => Promise<Result>): Promise<Result> {
  reporter.pause();
  try {
    return await perform();
  } finally {
    reporter.resume();
  }
}

/** `KDEPLOY_SSH` goes before `ssh.transport`. */
export async function sshOptions(
  { ssh, sshkit }: Pick<Config, "ssh" | "sshkit">,
  secrets: Pick<SecretsFiles, "find">,
  env: Work["env"],
): Promise<SshOptions> {
  const asked = env["KDEPLOY_SSH"];
  return {
    user: ssh.user,
    port: ssh.port,
    proxy: ssh.jumpHosts.length === 0 ? undefined : ssh.jumpHosts.join(","),
    proxyCommand: ssh.proxyCommand,
    keysOnly: ssh.keysOnly,
    keys: ssh.keys,
    keyData: await keyDataOf(ssh, secrets),
    config: ssh.config,
    forwardAgent: ssh.forwardAgent,
    transport: asked === "system" || asked === "built-in" ? asked : ssh.transport,
    maxConcurrentStarts: sshkit.maxConcurrentStarts,
    poolIdleTimeoutMs: sshkit.poolIdleTimeoutSeconds * 1000,
    dnsRetries: sshkit.dnsRetries,
  };
}

/** Names of secrets; what is no secret's name is a key itself. */
async function keyDataOf(ssh: Ssh, secrets: Pick<SecretsFiles, "find">): Promise<NonNullable<SshOptions["keyData"]>> {
  const { Secret } = await import("../secret/secret.ts");
  return Promise.all(ssh.keyData.map(async (name) => (await secrets.find(name)) ?? new Secret(name)));
}
