/** What a client is told that does not speak TLS where TLS is spoken; the log hears of it once a second at most. */
import type { ClientContext } from "../client/context.ts";
import type { EventLog } from "../observe/event-log.ts";
import { writeAnswer } from "../response/answer.ts";

const MESSAGE = "This port speaks HTTPS, but the request came over plain HTTP. Please use an https:// address.";
const BETWEEN_LINES_MS = 1_000;

/** A whole HTTP/1.1 response. */
export function answerToPlainHttp({ output }: ClientContext): Buffer {
  writeAnswer(output, 400, { message: MESSAGE, head: false, connection: "Connection: close\r\n" });
  const answer = Buffer.from(output.bytes.subarray(0, output.used));
  output.discard();
  return answer;
}

/** Anybody can knock, as often as they like: each line says how many went without one since the last. */
export class PlainHttpLog {
  readonly #log: EventLog;
  #lastLineAt = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  record(clientAddress: string): void {
    const now = performance.now();
    if (now - this.#lastLineAt < BETWEEN_LINES_MS) {
      this.#unsaid++;
      return;
    }
    const suppressed = this.#unsaid === 0 ? undefined : this.#unsaid;
    this.#lastLineAt = now;
    this.#unsaid = 0;
    this.#log.info("Client does not speak TLS on the HTTPS port", { client_addr: clientAddress, suppressed });
  }
}
