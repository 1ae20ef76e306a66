/**
 * What the metrics cost: nanoseconds per observation, and milliseconds for a page of many series.
 *   node bench/micro/metrics.ts
 */
import { Metrics } from "../../proxy/observe/metrics.ts";
import { prometheusText } from "../../proxy/observe/prometheus-text.ts";
import type { Exchange } from "../../proxy/request/exchange.ts";

const REPEATS = 2_000_000;
const ROUNDS = 5;
const SERVICES = 200;
const STATUSES = [200, 201, 301, 304, 404, 500];

/** The best of a few rounds: the others had company. */
function nanosecondsEach(act: (index: number) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    for (let index = 0; index < REPEATS; index++) act(index);
    best = Math.min(best, ((performance.now() - startedAt) * 1e6) / REPEATS);
  }
  return best;
}

const metrics = new Metrics();
const service = metrics.service("web");
const target = metrics.target("id", "10.0.0.1:80", service, 1);
/** Methods come as strings of their own, cut from request heads, as the parser makes them. */
const exchanges = STATUSES.map((status) => ({ method: "GET", status, meter: null }) as unknown as Exchange);

const figures = {
  "a request: begin, end, by method, service and status": nanosecondsEach((index) => {
    const exchange = exchanges[index % exchanges.length] as Exchange;
    service.begin(exchange);
    service.ended(exchange, index % 50);
  }),
  "the same request at its target": nanosecondsEach((index) => {
    target?.ended(exchanges[index % exchanges.length] as Exchange, index % 50);
  }),
};
for (const [what, nanoseconds] of Object.entries(figures))
  console.log(`${nanoseconds.toFixed(1).padStart(8)} ns  ${what}`);

for (let index = 0; index < SERVICES; index++) {
  const one = metrics.service(`service-${index}`);
  for (const exchange of exchanges) {
    one.begin(exchange);
    one.ended(exchange, 1);
  }
}
for (let warmUp = 0; warmUp < ROUNDS; warmUp++) prometheusText(metrics.families());
const startedAt = performance.now();
const page = prometheusText(metrics.families());
const elapsed = (performance.now() - startedAt).toFixed(1);
console.log(`${elapsed.padStart(8)} ms  a page of ${SERVICES * STATUSES.length} histograms, ${page.length} bytes`);
