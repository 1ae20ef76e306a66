/**
 * On-demand TLS: a name that a client wants a certificate for → whether the one configured to say so allows it. Nobody
 * waits longer than one time limit, and strangers who invent names cannot make it ask without measure.
 */
import { type Heard, SingleFlight } from "../challenge/single-flight.ts";
import { type GetResult, getOnce } from "../http1/get-once.ts";
import { ON_DEMAND_LIMITS } from "../limits.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { Gate } from "../route/routing-table.ts";
import { type CheckRequest, checkOfPath, checkOfUrl } from "./on-demand-url.ts";

export type OnDemandSubject = {
  /** Path of the service, or absolute http(s) URL. */
  readonly onDemandUrl: string;
  /** Of the service: while it does not run, its application is not asked. */
  readonly gate: Gate;
  /** `host:port` of a healthy writer, for a path; empty when there is none. */
  readonly targetAddress: string;
};

export type Approval = {
  readonly allowed: boolean;
  /** A sentence for people, without a full stop; empty when it is allowed. */
  readonly reason: string;
};

const ALLOWED: Approval = { allowed: true, reason: "" };
const NAME = /^[A-Za-z0-9_.:-]+$/;
const APPROVED = 200;
const FIRST_SERVER_ERROR = 500;

export class OnDemandApproval {
  readonly #log: EventLog;
  readonly #limits: typeof ON_DEMAND_LIMITS;
  readonly #questions: SingleFlight<Approval>;

  constructor(log: EventLog, limits: typeof ON_DEMAND_LIMITS = ON_DEMAND_LIMITS) {
    this.#log = log;
    this.#limits = limits;
    this.#questions = new SingleFlight({
      maxAtOnce: limits.maxQuestions,
      burst: limits.questionsPerMinute,
      refillMs: 60_000,
      maxRemembered: limits.maxRememberedDenials,
    });
  }

  /**
   * Asks, unless it was denied lately; all who want to know about one name at the same time are one question. Names
   * that have a certificate are not for this. Never rejects: whatever goes wrong is a denial.
   * @param name folded
   */
  async approve(name: string, subject: OnDemandSubject, signal?: AbortSignal): Promise<Approval> {
    const isPath = subject.onDemandUrl.startsWith("/");
    if (!NAME.test(name)) return this.#refuse(name, "it is not a host name");
    const obstacle = isPath ? obstacleOf(subject) : "";
    if (obstacle !== "") return this.#refuse(name, obstacle);
    let check: CheckRequest;
    try {
      check = isPath
        ? checkOfPath(subject.onDemandUrl, subject.targetAddress, name)
        : checkOfUrl(subject.onDemandUrl, name);
    } catch (error) {
      return this.#refuse(name, `the check cannot be made: ${String(error)}`);
    }
    const key = `${name} ${subject.onDemandUrl}`;
    const approval = await this.#questions.ask(key, (ended) => this.#ask(name, check, ended), signal);
    if (approval !== null) return approval;
    if (signal?.aborted) return denial(name, "the check was cancelled");
    return this.#refuse(name, "too many names are being checked, try again in a minute");
  }

  /** Ends the checks that are under way. */
  close(): void {
    this.#questions.close();
  }

  async #ask(name: string, check: CheckRequest, signal: AbortSignal): Promise<Heard<Approval>> {
    const { timeoutMs, maxQuotedBytes, denialMs, failureMs } = this.#limits;
    const request = {
      ...check,
      timeoutMs,
      maxBodyBytes: maxQuotedBytes,
      keepBodyBytes: maxQuotedBytes,
      enoughStatus: APPROVED,
    };
    const result = await getOnce(request, signal);
    if (result.kind === "response") {
      const { status } = result;
      if (status === APPROVED) return { value: ALLOWED, keepMs: 0 };
      const body = result.body.toString("utf8");
      this.#log.warn("TLS on-demand check denied host", { host: name, status, body });
      const value = denial(name, `status: ${status}, body: ${JSON.stringify(body)}`);
      // An endpoint that fails may be back soon; one that says no has said it.
      return { value, keepMs: status >= FIRST_SERVER_ERROR ? failureMs : denialMs };
    }
    if (signal.aborted) return { value: denial(name, "the check was cancelled"), keepMs: 0 };
    return { value: this.#refuse(name, failureText(result, timeoutMs)), keepMs: failureMs };
  }

  #refuse(name: string, why: string): Approval {
    this.#log.warn("TLS on-demand check denied host", { host: name, error: why });
    return denial(name, why);
  }
}

/** Why the application cannot be asked now. A handshake does not wait for a pause to end. */
function obstacleOf({ gate, targetAddress }: OnDemandSubject): string {
  if (gate.state !== "running") return `the service is ${gate.state}`;
  return targetAddress === "" ? "no target is healthy" : "";
}

function denial(name: string, why: string): Approval {
  return { allowed: false, reason: `${name} is not allowed to get a certificate (${why})` };
}

function failureText(result: Exclude<GetResult, { kind: "response" }>, timeoutMs: number): string {
  if (result.kind === "timed-out") return `the check did not answer within ${timeoutMs} ms`;
  return `the check failed: ${result.detail}`;
}
