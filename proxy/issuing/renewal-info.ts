/** When the authority would like a certificate to be renewed (RFC 9773 §4). */
import type { IssueEvent, RenewalInfoJob, RenewalWindow } from "../certificate/issue-protocol.ts";
import type { Authority } from "./authority.ts";
import { AuthorityRefusal, IssueFailure, oneLine } from "./failure.ts";

const MAX_URL_LENGTH = 2_000;

/** A null window for an authority without such a service, or one that does not know the certificate. */
export async function readRenewalInfo(authority: Authority, job: RenewalInfoJob): Promise<IssueEvent> {
  const directory = (await authority.get(job.directory)).data as Record<string, unknown> | null;
  const service = directory?.["renewalInfo"];
  if (typeof service !== "string") return { event: "renewal-info", window: null, retryAfterSeconds: null };
  try {
    const { data, retryAfterSeconds } = await authority.get(`${service.replace(/\/$/, "")}/${job.certId}`);
    return { event: "renewal-info", window: readWindow(data, job), retryAfterSeconds };
  } catch (error) {
    if (!(error instanceof AuthorityRefusal) || error.status !== 404) throw error;
    return { event: "renewal-info", window: null, retryAfterSeconds: error.retryAfterSeconds };
  }
}

/** @throws IssueFailure for a window that is none: it would have the certificate renewed at once, for ever */
function readWindow(data: unknown, job: RenewalInfoJob): RenewalWindow {
  const { suggestedWindow, explanationURL } = (data ?? {}) as {
    suggestedWindow?: { start?: unknown; end?: unknown };
    explanationURL?: unknown;
  };
  const start = time(suggestedWindow?.start);
  const end = time(suggestedWindow?.end);
  if (Number.isNaN(start) || Number.isNaN(end) || start >= end) {
    const detail = `${job.directory} suggests a time for renewal that is none: ${oneLine(JSON.stringify(suggestedWindow) ?? "")}`;
    throw new IssueFailure("authority-unavailable", detail);
  }
  const explained = typeof explanationURL === "string" && /^https?:\/\//.test(explanationURL);
  return {
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    explanationUrl: explained ? oneLine(explanationURL).slice(0, MAX_URL_LENGTH) : "",
  };
}

/** RFC 3339 → milliseconds, or NaN. */
function time(value: unknown): number {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
}
