/** The main figure: 64 clients on keep-alive connections fetch 1 KB, again and again. */
import { smallBody } from "../upstream/upstream.ts";
import { type Answer, ask, expectBody } from "./expected-answer.ts";
import { cpuPerRequestColumn, loadColumns, measuredWrk } from "./measured-load.ts";
import type { Scenario } from "./scenario.ts";

const busyConnections = 64;

/** What a browser sends with each request. A proxy that only meets bare requests is not measured. */
export const clientHeaders: string[] = [
  "Host: app.example.com",
  'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Dest: document",
  "Referer: http://app.example.com/orders",
  "Accept-Encoding: gzip, deflate, br",
  "Accept-Language: en-GB,en;q=0.9",
  "Cookie: _session=c2Vzc2lvbiB0aGF0IGlzIG5vdCBvbmU; theme=dark",
];

export const smallGet: Scenario = {
  title: `small GET: ${busyConnections} keep-alive connections, 1 KB answers`,
  upstream: "files",
  upstreams: 1,
  onlyDeployable: false,
  tls: false,
  freshEachRound: false,
  measuresTime: true,
  main: cpuPerRequestColumn,
  columns: loadColumns,
  validate: validateSmallGet,
  round: (stage) => measuredWrk(stage, { path: "/small", connections: busyConnections, headers: clientHeaders }),
};

/** What the examination asks, in this order. */
export const smallGetQuestions = [{ path: "/small" }, { path: "/small?again" }, { path: "/seen" }] as const;

/** Right bytes twice over one connection, and the forwarding headers that are part of the task. */
export async function validateSmallGet(port: number): Promise<void> {
  expectSmallAnswers(await ask(port, smallGetQuestions), "http");
}

/** Complains about anything but the right answers to `smallGetQuestions`. */
export function expectSmallAnswers(
  [first, second, seen]: readonly [Answer, Answer, Answer],
  expectedScheme: "http" | "https",
): void {
  expectBody(first, smallBody("app"), "GET /small");
  expectBody(second, smallBody("app"), "second GET /small");
  const [client = "", scheme, requestId, start = ""] = seen.body.toString("latin1").split("|");
  if (!client.endsWith("127.0.0.1")) throw new Error(`X-Forwarded-For arrives as "${client}"`);
  if (scheme !== expectedScheme) throw new Error(`X-Forwarded-Proto arrives as "${scheme}"`);
  if (requestId === "") throw new Error("no X-Request-ID arrives");
  if (!start.startsWith("t=")) throw new Error(`X-Request-Start arrives as "${start}"`);
}
