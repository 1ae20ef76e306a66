/** Events of a run that visitors may notice → messages to the addresses of the `notify` section; a failure to send is a warning. */
import type { Notification, NotifyEvent } from "../config/config.ts";
import type { Failed, Said, WorkEvent } from "../execute/event.ts";
import { wordsOf } from "../execute/work-error.ts";
import type { Listener, RunEnd } from "./listener.ts";
import { bodyOf, type News, sentenceOf } from "./notification.ts";
import { postJson } from "./post-json.ts";

/** Commands that change what visitors get, or may. */
export const NOTIFYING: ReadonlySet<string> = new Set([
  "setup",
  "deploy",
  "redeploy",
  "rollback",
  "remove",
  "upgrade",
  "app boot",
  "app start",
  "app stop",
  "app live",
  "app maintenance",
  "app remove",
  "proxy reboot",
  "proxy restart",
  "proxy start",
  "proxy stop",
  "proxy remove",
]);
/** What it is called when it went well; `finished` for the others. */
const KINDS: Readonly<Record<string, NotifyEvent>> = {
  rollback: "rolled-back",
  "app maintenance": "maintenance",
  "app live": "live",
};

export type NotifiedRun = {
  readonly command: string;
  readonly service: string;
  readonly destination: string | undefined;
  readonly performer: string;
  readonly hosts: readonly string[];
  /** Of which it is known by now that it is what this run is about. */
  readonly version: () => string | undefined;
  readonly dryRun: boolean;
  /** The address behind a name. @throws KdeployError */
  readonly address: (secret: string) => Promise<string>;
  readonly redact: (text: string) => string;
};

export type NotifyLimits = {
  readonly requestMs: number;
  readonly attempts: number;
  /** From the end of the run, for all that is still to be told. */
  readonly finishMs: number;
};

export const NOTIFY_LIMITS: NotifyLimits = { requestMs: 5_000, attempts: 2, finishMs: 8_000 };

const NO_TIME = "there was no time left";

export class Notifier implements Listener {
  readonly #notify: readonly Notification[];
  readonly #run: NotifiedRun;
  readonly #limits: NotifyLimits;
  readonly #stop = new AbortController();
  /** By secret. Asked for at the beginning: a password manager may have a question. */
  readonly #addresses: ReadonlyMap<string, Promise<string>>;
  #failure: News["error"];
  readonly #started: Promise<readonly Said[]>;

  /** Tells of the start at once, beside the work. */
  constructor(notify: readonly Notification[], run: NotifiedRun, limits: NotifyLimits = NOTIFY_LIMITS) {
    this.#notify = notify;
    this.#run = run;
    this.#limits = limits;
    const { address, dryRun } = run;
    const secrets = dryRun ? [] : new Set(notify.map(({ urlSecret }) => urlSecret));
    this.#addresses = new Map([...secrets].map((secret) => [secret, address(secret)]));
    // Whoever sends hears of it.
    for (const asked of this.#addresses.values()) asked.catch(() => {});
    this.#started = this.#tell("started", undefined);
  }

  readonly report = (event: WorkEvent): void => {
    if (event.event === "failed") this.#failure ??= { code: event.code, message: reasonOf(event) };
  };

  readonly finish = async ({ exitCode, durationMs }: RunEnd): Promise<readonly Said[]> => {
    const kind = exitCode === 0 ? (KINDS[this.#run.command] ?? "finished") : "failed";
    const late = setTimeout(() => this.#stop.abort(), this.#limits.finishMs);
    // Never the end before the start.
    const early = await this.#started;
    const said = [...early, ...(await this.#tell(kind, durationMs))];
    clearTimeout(late);
    return said;
  };

  async #tell(event: NotifyEvent, durationMs: number | undefined): Promise<readonly Said[]> {
    const { command, destination, dryRun, hosts, performer, redact, service, version } = this.#run;
    const news: News = {
      event,
      command,
      service,
      destination,
      version: version(),
      performer,
      hosts,
      durationMs: dryRun ? undefined : durationMs,
      error: event === "failed" ? this.#failure : undefined,
    };
    const concerned = this.#notify.filter(({ on }) => on.includes(event));
    const said = await Promise.all(
      concerned.map(async ({ format, urlSecret }): Promise<Said | undefined> => {
        if (dryRun) return sentence("progress", `would tell ${urlSecret} (${format}): ${redact(sentenceOf(news))}`);
        const problem = await this.#send(urlSecret, bodyOf(redacted(news, redact), format, new Date()));
        return problem === undefined ? undefined : sentence("warning", `${urlSecret} was not notified: ${problem}`);
      }),
    );
    return said.filter((one) => one !== undefined);
  }

  /** @returns why it did not arrive */
  async #send(urlSecret: string, body: unknown): Promise<string | undefined> {
    const { signal } = this.#stop;
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    let url: string | undefined;
    try {
      url = signal.aborted ? undefined : await Promise.race([this.#addresses.get(urlSecret), late]);
    } catch (error) {
      return wordsOf(error);
    }
    if (url === undefined) return NO_TIME;
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) return "the secret is no http or https address";
    const { attempts, requestMs } = this.#limits;
    return postJson({ url, body, timeoutMs: requestMs, attempts, signal });
  }
}

/** That several hosts failed is not why. */
function reasonOf({ code, details, message }: Failed): string {
  const [first] = details;
  return code === "several-hosts-failed" && first !== undefined ? `${message}. ${first}` : message;
}

function redacted(news: News, redact: (text: string) => string): News {
  const { error } = news;
  return error === undefined ? news : { ...news, error: { code: error.code, message: redact(error.message) } };
}

function sentence(kind: Said["kind"], text: string): Said {
  return { event: "said", kind, text };
}
