/** Every vector of the shared catalogue of broken targets: what the client gets, and that nothing is broken afterwards. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually, pause } from "../support/eventually.ts";
import { type ResponseMessage, readResponses } from "../support/http-messages.ts";
import { get, post, RawClient } from "../support/raw-client.ts";
import { type RunningProxy, runProxy, service } from "../support/running-proxy.ts";
import { type ScriptedUpstream, type ScriptStep, startScripted } from "../support/scripted-upstream.ts";
import { OUTCOMES } from "../support/upstream-outcomes.ts";

type UpstreamVector = {
  readonly id: string;
  readonly what: string;
  readonly upstream_script: readonly ScriptStep[];
  readonly expect: string;
};

const vectors = JSON.parse(
  readFileSync(new URL("../vectors/upstream-vectors.json", import.meta.url), "utf8"),
) as readonly UpstreamVector[];

/** Scripts that the catalogue shortens, in full. */
const WHOLE: Readonly<Record<string, readonly ScriptStep[]>> = {
  "U-15": [
    [0, "HTTP/1.1 100 Continue\r\n\r\n".repeat(5_000)],
    [10, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ],
  "U-21": [[0, `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(70_000)}\r\nContent-Length: 2\r\n\r\nok`]],
  "U-22": [[0, "HTTP/1.1 200 OK\r\n"], ...Array.from({ length: 40 }, (_, n): ScriptStep => [200, `X-${n}: 1\r\n`])],
  "U-33": [[0, `HTTP/1.1 200 OK\r\n${"Set-Cookie: a=1; Path=/\r\n".repeat(50)}Content-Length: 2\r\n\r\nok`]],
};

const TARGET_TIMEOUT_MS = 400;

let upstream: ScriptedUpstream;
let proxy: RunningProxy;

beforeAll(async () => {
  upstream = await startScripted("app");
  proxy = await runProxy();
  await proxy.serve(service("app", [upstream.port], { targetTimeoutMs: TARGET_TIMEOUT_MS }));
});

afterAll(async () => {
  await proxy.stop();
  await upstream.stop();
});

let client: RawClient;
beforeEach(async () => {
  client = await RawClient.connect(proxy.port);
});
afterEach(() => client.destroy());

test("the catalogue is whole", () => {
  expect(vectors.length).toBe(23);
});

test.each(vectors)("$id $what", async ({ id, upstream_script: script, expect: expected }) => {
  const check = OUTCOMES[expected];
  expect(check, `a check for “${expected}”`).toBeDefined();
  expect(JSON.stringify(WHOLE[id] ?? script), "the whole script is known").not.toMatch(/…\(|more of the same/);
  upstream.play(WHOLE[id] ?? script);

  client.send(get(`/fault/${id}`));
  await client.until(() => client.ended || client.closed || client.responses()[0]?.complete === true);
  await pause(5);
  const closed = client.ended || client.closed;
  check?.({ response: client.responses()[0], received: client.text, closed });

  // The unsolicited answer of U-28 comes 60 ms after the first one.
  if (id === "U-28") await pause(90);
  await expectThreeCleanRequests(id, closed ? undefined : client);
  await expectThreeCleanRequests(id, undefined);
  const harmless = ["U-16", "U-19", "U-33", "U-39"].includes(id);
  if (!harmless) await expectNotPooled(id);
});

test("an answer that nobody asked for, right behind a good one, reaches nobody", async () => {
  const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON";
  upstream.play([[0, `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${poison}`]]);
  expect((await client.ask(get("/fault"))).body).toBe("ok");
  await expectThreeCleanRequests("poison", client);
});

async function expectThreeCleanRequests(id: string, same: RawClient | undefined): Promise<void> {
  const used = same ?? (await RawClient.connect(proxy.port));
  for (let turn = 1; turn <= 3; turn++) {
    const path = `/clean/${id}/${turn}`;
    const before = used.text.length;
    used.send(turn === 2 ? post(path, "x".repeat(turn)) : get(path));
    const answer = (): ResponseMessage | undefined => readResponses(used.text.slice(before))[0];
    await used.until(() => answer()?.complete === true);
    expect(answer()?.status).toBe(200);
    expect(answer()?.body).toBe(turn === 2 ? `app POST ${path} 2` : `app GET ${path} 0`);
  }
  if (!same) used.destroy();
}

/** The target's connection is gone, and carried nothing after the fault. */
async function expectNotPooled(id: string): Promise<void> {
  const [connection] = upstream.faulted().filter(({ requests }) => requests.some(({ target }) => target.endsWith(id)));
  expect(connection?.requests.at(-1)?.target).toBe(`/fault/${id}`);
  await eventually(
    "the connection of the fault is closed",
    () => connection?.closed === true || connection?.ended === true,
  );
}
