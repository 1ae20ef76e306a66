/** An HTTP/2 stream that asks for nothing that could be done: it is told so, and has a time to take the answer. */
import type { ServerHttp2Stream } from "node:http2";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import { httpDate } from "../http1/date-field.ts";
import { appendFieldLines } from "../http2/response-fields.ts";
import { answerContent } from "../response/answer.ts";
import { closeWhenSent } from "./close-when-sent.ts";
import type { ClientContext, TimedConnection } from "./context.ts";

/** Nobody looks at the stack. */
const NOT_TAKEN = new Error("the answer was not taken");

export class Http2Refusal extends DeadlineEntry implements TimedConnection {
  readonly #stream: ServerHttp2Stream;

  /** Answers `status`; the stream closes once that has been taken, or when the time is over. */
  static send(stream: ServerHttp2Stream, status: number, context: ClientContext): void {
    const { page, fields } = answerContent(status, {});
    const list = [":status", String(status)];
    appendFieldLines(list, fields);
    list.push("date", httpDate());
    stream.respond(list);
    // Node has ended it already if it is a HEAD.
    if (!stream.writableEnded) stream.end(page);
    closeWhenSent(stream);
    const refusal = new Http2Refusal(stream);
    stream.on("close", () => disarm(refusal));
    context.writeWait.arm(refusal);
  }

  private constructor(stream: ServerHttp2Stream) {
    super();
    this.#stream = stream;
  }

  headTimedOut(): void {}

  bodyTimedOut(): void {}

  close(): void {}

  /** A client that leaves no room for the answer (a window of 0) would hold its connection for ever. */
  destroy(): void {
    this.#stream.destroy(NOT_TAKEN);
  }
}
