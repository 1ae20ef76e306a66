/** What can go wrong with a target → the status that the client gets. The only such mapping. */

export type Failure =
  | "refused"
  | "unreachable"
  | "name-not-found"
  | "connect-timeout"
  | "response-timeout"
  | "write-timeout"
  | "closed"
  | "malformed"
  | "too-many-informational"
  | "unexpected-upgrade"
  | "not-http2"
  | "stream-refused"
  | "stream-reset"
  | "response-too-large"
  | "response-not-held"
  | "drained";

/** What may be done about a failed attempt. */
export const Retry = {
  Never: 0,
  /** A connection that was kept has turned out to be gone: a second copy goes out, if it can do no harm. */
  Stale: 1,
  /** The target says that it has done nothing with it (RFC 9113 §8.7): it is sent again, whatever the method. */
  Refused: 2,
  /** Nothing can have reached this target: another one may be asked. */
  Elsewhere: 3,
} as const;
export type Retry = (typeof Retry)[keyof typeof Retry];

const STATUS: Readonly<Record<Failure, number>> = {
  refused: 502,
  unreachable: 502,
  "name-not-found": 502,
  "connect-timeout": 504,
  "response-timeout": 504,
  "write-timeout": 504,
  closed: 502,
  malformed: 502,
  "too-many-informational": 502,
  "unexpected-upgrade": 502,
  "not-http2": 502,
  "stream-refused": 502,
  "stream-reset": 502,
  "response-too-large": 502,
  "response-not-held": 502,
  drained: 504,
};

/** Sentences for the log, field `error`. */
const WORDS: Readonly<Record<Failure, string>> = {
  refused: "connection refused",
  unreachable: "target cannot be reached",
  "name-not-found": "target name does not resolve",
  "connect-timeout": "timed out connecting",
  "response-timeout": "timed out waiting for the response head",
  "write-timeout": "target stopped reading the request",
  closed: "connection closed before the response was complete",
  malformed: "response is not valid HTTP/1.1",
  "too-many-informational": "too many 1xx responses",
  "unexpected-upgrade": "101 to a request that did not ask for this upgrade",
  "not-http2": "target does not speak HTTP/2 without TLS",
  "stream-refused": "target refused the HTTP/2 stream",
  "stream-reset": "target reset the HTTP/2 stream",
  "response-too-large": "response is larger than the service's limit",
  "response-not-held": "response could not be buffered",
  drained: "drain deadline passed",
};

export function statusOfFailure(failure: Failure): number {
  return STATUS[failure];
}

export function describeFailure(failure: Failure): string {
  return WORDS[failure];
}

/** True when the request cannot have reached the target: another one may be tried, whatever the method. */
export function neverSent(failure: Failure): boolean {
  return (
    failure === "refused" || failure === "unreachable" || failure === "name-not-found" || failure === "connect-timeout"
  );
}

/** The kind of a socket error that came before the connection was made. */
export function failureOfConnectError(error: NodeJS.ErrnoException): Failure {
  switch (error.code ?? "") {
    case "ECONNREFUSED":
      return "refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "name-not-found";
    case "ETIMEDOUT":
      return "connect-timeout";
    default:
      return "unreachable";
  }
}
