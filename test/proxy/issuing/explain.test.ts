import { describe, expect, test } from "vitest";
import { explain, explainRefusal, explainValidation } from "../../../proxy/issuing/explain.ts";
import { AuthorityRefusal, readProblem } from "../../../proxy/issuing/failure.ts";

const PREFIX = "urn:ietf:params:acme:error:";
const job = { name: "app.example.com", challenge: "http-01", directory: "https://acme.example/directory" } as const;

function document(type: string, detail = "", subproblems: object[] = []) {
  return readProblem({ type: PREFIX + type, detail, subproblems });
}

describe("a check that failed", () => {
  test.each([
    ["http-01", "dns", "dns", /^app\.example\.com has no address .* check its A and AAAA records\. It says: why$/],
    ["http-01", "connection", "connection", /to app\.example\.com on port 80; /],
    ["tls-alpn-01", "connection", "connection", /to app\.example\.com on port 443; /],
    ["tls-alpn-01", "tls", "wrong-answer", /port 443 failed at the TLS handshake/],
    ["tls-alpn-01", "unauthorized", "wrong-answer", /on port 443 gave a wrong answer/],
    ["http-01", "incorrectResponse", "wrong-answer", /on port 80 gave a wrong answer/],
    ["http-01", "caa", "caa", /CAA record of app\.example\.com.*https:\/\/acme\.example\/directory/],
    ["dns-01", "dns", "dns", /look _acme-challenge\.app\.example\.com up/],
    ["dns-01", "unauthorized", "wrong-answer", /in the TXT record _acme-challenge\.app\.example\.com/],
    ["http-01", "rejectedIdentifier", "rejected-name", /does not issue certificates for app\.example\.com/],
    ["http-01", "serverInternal", "authority-unavailable", /https:\/\/acme\.example\/directory has an error/],
    ["http-01", "somethingNew", "internal", /check of app\.example\.com failed\. It says: why$/],
  ] as const)("by %s with %s is %s", (challenge, type, kind, detail) => {
    const { problem } = explainValidation({ ...job, challenge }, document(type, "why."));
    expect(problem).toEqual({
      kind,
      detail: expect.stringMatching(detail),
      type: PREFIX + type,
      retryAfterSeconds: null,
    });
  });

  test("with a compound error is explained by its part", () => {
    const { problem } = explainValidation(job, document("compound", "several", [document("caa", "no")]));
    expect(problem).toMatchObject({ kind: "caa", type: `${PREFIX}caa` });
  });

  test("without a reason says at least which name it was", () => {
    expect(explainValidation(job, readProblem(undefined)).problem).toMatchObject({
      kind: "internal",
      detail: "the certificate authority's check of app.example.com failed",
      type: "",
    });
  });
});

describe("a request that was refused", () => {
  test.each([
    [403, "rejectedIdentifier", "rejected-name"],
    [400, "unsupportedIdentifier", "rejected-name"],
    [403, "externalAccountRequired", "account"],
    [400, "accountDoesNotExist", "account"],
    [403, "userActionRequired", "account"],
    [400, "invalidContact", "account"],
    [403, "unauthorized", "account"],
    [403, "caa", "caa"],
    [400, "dns", "dns"],
    [503, "rateLimited", "rate-limited"],
    [500, "serverInternal", "authority-unavailable"],
    [400, "badNonce", "authority-unavailable"],
    [400, "malformed", "internal"],
    [403, "orderNotReady", "internal"],
    [400, "badCSR", "internal"],
  ])("with %i %s is %s", (status, type, kind) => {
    const { problem } = explainRefusal(job, new AuthorityRefusal(status, document(type, "why"), 5), false);
    expect(problem).toMatchObject({ kind, type: PREFIX + type, retryAfterSeconds: 5 });
    expect(problem.detail).toMatch(/(acme|app)\.example.*It says: why$/);
  });

  test("for one of several names is explained by that", () => {
    const refusal = new AuthorityRefusal(403, document("malformed", "x", [document("rejectedIdentifier", "y")]), null);
    expect(explainRefusal(job, refusal, false).problem.kind).toBe("rejected-name");
  });

  test("while an account is registered is about the account", () => {
    const refusal = new AuthorityRefusal(400, document("malformed", "bad binding"), null);
    expect(explainRefusal(job, refusal, true).problem.kind).toBe("account");
  });

  test.each([
    [90, "90 seconds"],
    [3_600, "60 minutes"],
    [604_800, "168 hours"],
  ])("for too many tells when to ask again: %i seconds", (seconds, words) => {
    const refusal = new AuthorityRefusal(429, document("rateLimited"), seconds);
    expect(explainRefusal(job, refusal, false).problem.detail).toContain(`it can be asked again in ${words}`);
  });
});

test("foreign words come in one line, without control characters, and not endless", () => {
  const hostile = readProblem({
    type: PREFIX,
    detail: `a\n\x1b[2Jb\0${"c".repeat(5_000)}`,
    subproblems: Array.from({ length: 99 }, () => ({})),
  });
  expect(hostile.detail).toMatch(/^a \[2Jb c+…$/);
  expect(hostile.detail.length).toBeLessThan(700);
  expect(hostile.subproblems).toHaveLength(20);
});

test("an error of this program is told as one", () => {
  expect(explain(new TypeError("x is undefined"), job).problem).toMatchObject({
    kind: "internal",
    detail: "unexpected: x is undefined",
  });
});
