/** An authority that answers as a test says: jobs in, events out, without processes and networks. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { Issue } from "../../proxy/certificate/issue.ts";
import type {
  CertificateJob,
  IssueEvent,
  IssueJob,
  IssueProblem,
  IssueProblemKind,
} from "../../proxy/certificate/issue-protocol.ts";
import { newTestAuthority, spkiOf } from "./acme-directory-certificates.ts";

export type Validity = { readonly notBefore: Date; readonly notAfter: Date };
export type Emit = (event: IssueEvent) => Promise<void>;

export class ScriptedIssuer {
  readonly authority = newTestAuthority();
  readonly jobs: IssueJob[] = [];
  /** Jobs that run at this moment, and the most that ever did. */
  running = 0;
  mostRunning = 0;
  /** Of the certificates; by default 90 days from an hour before the clock's present. */
  lifetimeMs = 90 * 24 * 60 * 60 * 1000;
  /** Ends a job; by default the certificate is issued. */
  answer: (job: CertificateJob, emit: Emit) => Promise<IssueEvent> = (job) => Promise.resolve(this.issued(job));
  renewalInfo: () => IssueEvent = () => ({ event: "renewal-info", window: null, retryAfterSeconds: null });
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get orders(): CertificateJob[] {
    return this.jobs.filter((job) => job.kind === "certificate");
  }

  readonly issue: Issue = async (job, { onEvent, signal }) => {
    this.jobs.push(job);
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      });
      aborted.catch(() => undefined);
      const answer = job.kind === "certificate" ? this.answer(job, onEvent) : Promise.resolve(this.renewalInfo());
      const last = await Promise.race([answer, aborted]);
      await onEvent(last);
      return last;
    } finally {
      this.running--;
    }
  };

  /** @param changes other names, another key */
  issued(job: CertificateJob, changes: { names?: readonly string[]; validity?: Validity } = {}): IssueEvent {
    return { event: "issued", chain: this.chainFor(job.privateKey, changes.names ?? [job.name], changes.validity) };
  }

  chainFor(privateKey: string, names: readonly string[], validity: Validity = this.#validity()): string {
    const publicKey = spkiOf(createPublicKey(privateKey));
    return this.authority.issue({ publicKey, names }, validity) + this.authority.pem;
  }

  #validity(): Validity {
    const from = this.#now() - 60 * 60 * 1000;
    return { notBefore: new Date(from), notAfter: new Date(from + this.lifetimeMs) };
  }
}

export function problemOf(kind: IssueProblemKind, changes: Partial<IssueProblem> = {}): IssueEvent {
  return {
    event: "failed",
    problem: { kind, detail: `${kind} trouble`, type: "", retryAfterSeconds: null, ...changes },
  };
}

/** PEM, as the proxy makes them. */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "sec1", format: "pem" });
}
