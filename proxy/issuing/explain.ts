/** What went wrong, in the authority's terms → the problem that people and the proxy are told. */
import type { CertificateJob, IssueProblemKind } from "../certificate/issue-protocol.ts";
import { AuthorityRefusal, acmeError, IssueFailure, type ProblemDocument } from "./failure.ts";

type Validation = Pick<CertificateJob, "name" | "challenge" | "directory">;

const PORTS = { "http-01": 80, "tls-alpn-01": 443 } as const;

/** A challenge, authorization or order that has become invalid, by its `error` (RFC 8555 §6.7, §7.1.6). */
export function explainValidation(job: Validation, error: ProblemDocument): IssueFailure {
  // A compound error says nothing itself; there is one name, so its first part is the whole.
  const document = acmeError(error) === "compound" ? (error.subproblems[0] ?? error) : error;
  const [kind, sentence] = validationWords(job, acmeError(document));
  return new IssueFailure(kind, said(sentence, document), { type: document.type });
}

function validationWords(job: Validation, error: string): readonly [IssueProblemKind, string] {
  const { name, challenge } = job;
  const record = recordName(name);
  if (challenge === "dns-01") {
    switch (error) {
      case "dns":
        return ["dns", `the certificate authority could not look ${record} up`];
      case "unauthorized":
      case "incorrectResponse":
        return ["wrong-answer", `the certificate authority found another value, or none, in the TXT record ${record}`];
    }
  } else {
    const port = PORTS[challenge];
    switch (error) {
      case "dns":
        return [
          "dns",
          `${name} has no address that the certificate authority could find; check its A and AAAA records`,
        ];
      case "connection":
        return [
          "connection",
          `the certificate authority could not connect to ${name} on port ${port}; check that its DNS leads to this server and that port ${port} is open to everyone`,
        ];
      case "tls":
        return ["wrong-answer", `whoever answers for ${name} on port ${port} failed at the TLS handshake of the check`];
      case "unauthorized":
      case "incorrectResponse":
        return [
          "wrong-answer",
          `whoever answers for ${name} on port ${port} gave a wrong answer; check that its A and AAAA records lead to this server only, or name the others with --acme-peer`,
        ];
    }
  }
  return generalWords(job, error) ?? ["internal", `the certificate authority's check of ${name} failed`];
}

/** An answer that is no success. `registering`: to the registration of an account. */
export function explainRefusal(job: Validation, refusal: AuthorityRefusal, registering: boolean): IssueFailure {
  const { status, document, retryAfterSeconds } = refusal;
  const [kind, sentence] = refusalWords(job, refusal, registering);
  const detail = document.type === "" && document.detail === "" ? `${sentence} (status ${status})` : sentence;
  return new IssueFailure(kind, said(detail, document), { type: document.type, retryAfterSeconds, cause: refusal });
}

function refusalWords(
  job: Validation,
  refusal: AuthorityRefusal,
  registering: boolean,
): readonly [IssueProblemKind, string] {
  const { status, document, retryAfterSeconds } = refusal;
  const error = acmeError(document);
  if (error === "rateLimited" || status === 429) {
    const when = retryAfterSeconds === null ? "" : `; it can be asked again in ${inWords(retryAfterSeconds)}`;
    return ["rate-limited", `${job.directory} has had too many requests for ${job.name}${when}`];
  }
  const general = generalWords(job, error) ?? generalWords(job, acmeError(document.subproblems[0] ?? document));
  if (general) return general;
  if (error === "badNonce" || status >= 500) {
    return ["authority-unavailable", `${job.directory} has an error of its own`];
  }
  if (status >= 300 && status < 400) {
    return ["authority-unavailable", `${job.directory} redirects, which a signed request cannot follow`];
  }
  if (status === 404 && document.type === "") {
    return ["authority-unavailable", `${job.directory} leads to nothing; check that it is an ACME directory`];
  }
  if (registering) return ["account", `${job.directory} does not register the account`];
  // Outside of a check, the account is what may be refused (RFC 8555 §7.3.6).
  if (error === "unauthorized") {
    return ["account", `${job.directory} does not let the account order a certificate for ${job.name}`];
  }
  return ["internal", `${job.directory} refused a request for ${job.name}`];
}

/** Errors that mean the same wherever they appear. */
function generalWords({ name, directory }: Validation, error: string): readonly [IssueProblemKind, string] | undefined {
  switch (error) {
    case "caa":
      return ["caa", `a CAA record of ${name}, or of a domain above it, does not allow ${directory} to issue`];
    case "rejectedIdentifier":
    case "unsupportedIdentifier":
      return ["rejected-name", `${directory} does not issue certificates for ${name}`];
    case "externalAccountRequired":
      return [
        "account",
        `${directory} wants an external account binding: a key id and an HMAC key that its operator gives (--tls-eab-key-id, --tls-eab-key-path)`,
      ];
    case "accountDoesNotExist":
      return ["account", `${directory} does not know the account`];
    case "userActionRequired":
      return ["account", `${directory} wants something to be done by a person first`];
    case "invalidContact":
    case "unsupportedContact":
      return ["account", `${directory} does not take the e-mail address`];
    case "serverInternal":
      return ["authority-unavailable", `${directory} has an error of its own`];
    case "dns":
      return ["dns", `${directory} could not look up what it needs about ${name}`];
  }
  return undefined;
}

/** Any error of a job → one that can be told. */
export function explain(error: unknown, job: Validation, registering = false): IssueFailure {
  if (error instanceof IssueFailure) return error;
  if (error instanceof AuthorityRefusal) return explainRefusal(job, error, registering);
  const message = error instanceof Error ? error.message : String(error);
  // acme-client's words for an answer without the URLs that it needs.
  if (message.includes("ACME directory")) {
    return new IssueFailure("authority-unavailable", `${job.directory} is not an ACME directory`, { cause: error });
  }
  return new IssueFailure("internal", `unexpected: ${message}`, { cause: error });
}

/** RFC 8555 §8.4. */
export function recordName(name: string): string {
  return `_acme-challenge.${name.replace(/^\*\./, "")}`;
}

function said(sentence: string, { type, detail }: ProblemDocument): string {
  const source = detail === "" ? type : detail;
  return source === "" ? sentence : `${sentence}. It says: ${source}`;
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  if (seconds < 7_200) return `${Math.ceil(seconds / 60)} minutes`;
  return `${Math.ceil(seconds / 3_600)} hours`;
}
