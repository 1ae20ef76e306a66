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
  | "response-too-large"
  | "response-not-held"
  | "drained";

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
