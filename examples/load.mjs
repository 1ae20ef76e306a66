// Visitors: each asks again and again, with a cookie of its own, and once a second the answers are counted by version.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const url = process.env.URL ?? "http://proxy/";
const visitors = Number(process.env.VISITORS ?? 20);
const pauseMs = Number(process.env.PAUSE_MS ?? 100);

let counts = new Map();

function count(answer) {
  counts.set(answer, (counts.get(answer) ?? 0) + 1);
}

// A rollout decides by this cookie who sees the next version. An app sets it to something like a user's id; it should not
// count up, because values that differ in their last digits only tend to fall on the same side.
function cookieOf(number) {
  const name = number === 0 ? "alice" : createHash("sha256").update(String(number)).digest("hex").slice(0, 12);
  return `kamal-rollout=${name}`;
}

async function visit(number) {
  const headers = { Cookie: cookieOf(number) };
  for (;;) {
    try {
      const response = await fetch(url, { headers });
      await response.arrayBuffer();
      count(`${response.headers.get("x-version") ?? "proxy"} ${response.status}`);
    } catch {
      count("no answer");
    }
    await sleep(pauseMs);
  }
}

setInterval(() => {
  const line = Array.from(counts, ([answer, times]) => `${answer}: ${times}`).sort();
  process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${line.join("   ") || "(nothing answered)"}\n`);
  counts = new Map();
}, 1000);

for (let number = 0; number < visitors; number++) void visit(number);
process.once("SIGTERM", () => process.exit());
process.once("SIGINT", () => process.exit());
