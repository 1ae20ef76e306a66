/** What the expectations of the broken-target vectors mean: the client's side of the wire in, failed expectation out. */
// These run inside tests, which is more than the linter can see.
/* oxlint-disable vitest/no-standalone-expect, vitest/no-conditional-expect */
import { expect } from "vitest";
import { type ResponseMessage, valuesOf } from "./http-messages.ts";

export type Outcome = {
  readonly response: ResponseMessage | undefined;
  readonly received: string;
  readonly closed: boolean;
};

/** What the expectations mean. Those that leave a choice are held to the stricter reading that this proxy promises. */
export const OUTCOMES: Readonly<Record<string, (outcome: Outcome) => void>> = {
  "502": expectPage(502),
  "200 body=hello": expectBody("hello"),
  "200+aborted|502": ({ response, closed }) => {
    if (response?.status === 502) return;
    expect([response?.status, response?.complete, closed]).toEqual([200, false, true]);
  },
  "200|502": (outcome) => {
    if (outcome.response?.status === 200) expectBody("ok")(outcome);
    else expectPage(502)(outcome);
  },
  "200|103/200": (outcome) => {
    expectBody("ok")(outcome);
    const hints = outcome.response?.informational.map(({ startLine, fields }) => [startLine, fields]);
    expect(hints).toEqual([["HTTP/1.1 103 Early Hints", [["Link", "</a>; rel=preload"]]]]);
    expect(valuesOf(outcome.response as ResponseMessage, "link")).toEqual([]);
  },
  "304 no body": ({ response, received }) => {
    expect(response?.status).toBe(304);
    expect(valuesOf(response as ResponseMessage, "content-length")).toEqual(["500"]);
    expect(valuesOf(response as ResponseMessage, "etag")).toEqual(['"x"']);
    expect(received).toBe(response?.head);
  },
  "504|502|timeout": expectPage(504),
  "504|timeout": expectPage(504),
  "502|200": expectPage(502),
  "200 body=ok, next not POISON": expectBody("ok"),
  "200 50xSet-Cookie": (outcome) => {
    expectBody("ok")(outcome);
    const cookies = valuesOf(outcome.response as ResponseMessage, "set-cookie");
    expect(cookies).toEqual(Array.from({ length: 50 }, () => "a=1; Path=/"));
  },
  "502|302": expectPage(502),
  "200 no X-Secret": (outcome) => {
    expectBody("ok")(outcome);
    expect(outcome.received).not.toMatch(/x-secret|keep-alive/i);
  },
};

function expectPage(status: number): (outcome: Outcome) => void {
  return ({ response, received }) => {
    expect(response?.status).toBe(status);
    expect(response?.complete).toBe(true);
    expect(response?.body).toContain(`<title>${status} `);
    const before = response?.informational.map(({ head }) => head).join("") ?? "";
    expect(received).toBe(`${before}${response?.wire}`);
  };
}

function expectBody(body: string): (outcome: Outcome) => void {
  return ({ response, received }) => {
    expect([response?.status, response?.body, response?.complete]).toEqual([200, body, true]);
    const before = response?.informational.map(({ head }) => head).join("") ?? "";
    expect(received).toBe(`${before}${response?.wire}`);
  };
}
