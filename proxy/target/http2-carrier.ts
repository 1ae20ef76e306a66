/** What a stream to a target needs of the HTTP/2 session that carries it. */
import type { ClientHttp2Session } from "node:http2";

export interface Http2Carrier {
  readonly client: ClientHttp2Session;
  /** The target will not process streams beyond this one; Infinity until it says GOAWAY. */
  readonly lastStreamId: number;
  /** The target has sent something: it is alive. */
  heard(): void;
  /** A stream has ended, and its place is free. */
  leave(): void;
  /** What waits may go on; called when nothing of an exchange is in the shared output any more. */
  next(): void;
  /** A stream has waited in vain: asks whether anybody is still there. */
  doubt(): void;
}
