/** Ends an HTTP/2 stream whose request is not wanted any more, once its response has been taken. */
import type { ServerHttp2Stream } from "node:http2";

/** RFC 9113 §7. */
const NO_ERROR = 0;

/**
 * The client may stop sending (RFC 9113 §8.1). Never `close` before everything is out: node waits with the reset then,
 * and if the stream or its session is destroyed meanwhile, forgets it; its session asks a stream that is gone for data,
 * and turns in a circle until the memory is full (Node 26, `Http2Session::SendPendingData`).
 */
export function closeWhenSent(stream: ServerHttp2Stream): void {
  if (stream.writableFinished) stream.close(NO_ERROR);
  else stream.once("finish", () => stream.close(NO_ERROR));
}
