/** HTTP/2 frames by hand: what a well-behaved client would never send, and what exactly came back. */
import type { TLSSocket } from "node:tls";

export const Frame = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  Reset: 3,
  Settings: 4,
  Push: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

/** Codes of RFC 9113 §7 by name. */
export const Code = {
  None: 0,
  Protocol: 1,
  Internal: 2,
  FlowControl: 3,
  Refused: 7,
  Cancel: 8,
  Compression: 9,
  EnhanceYourCalm: 11,
} as const;

export type ReceivedFrame = {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
};

export type Pair = readonly [name: string, value: string];

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const NOTHING = Buffer.alloc(0);

export function frame(type: number, flags: number, stream: number, payload: Buffer = NOTHING): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literals that are never indexed and never squeezed: whatever bytes are given go out. */
export function headerBlock(pairs: readonly Pair[]): Buffer {
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** A request as HEADERS; `path` and the rest of a plain GET are supplied where `pairs` has none of its own. */
export function headers(stream: number, pairs: readonly Pair[] = [], flags: number = END_STREAM | END_HEADERS): Buffer {
  return frame(Frame.Headers, flags, stream, headerBlock(requestPairs(pairs)));
}

export function requestPairs(pairs: readonly Pair[] = []): Pair[] {
  const standard: Pair[] = [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/"],
    [":authority", "a.test"],
  ];
  const own = new Map(pairs.filter(([name]) => name.startsWith(":")).map(([name, value]) => [name, value]));
  const pseudo = standard.map(([name, value]) => [name, own.get(name) ?? value] as const);
  return [...pseudo, ...pairs.filter(([name]) => !standard.some(([known]) => known === name))];
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

/** One SETTINGS entry. */
export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

export class FrameClient {
  readonly socket: TLSSocket;
  readonly received: ReceivedFrame[] = [];
  closed = false;
  #rest: Buffer = NOTHING;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Sends the preface and a SETTINGS frame. */
  static start(socket: TLSSocket, settings: Buffer = NOTHING): FrameClient {
    const client = new FrameClient(socket);
    client.send(Buffer.from(PREFACE), frame(Frame.Settings, 0, 0, settings));
    return client;
  }

  send(...frames: readonly Buffer[]): this {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
    return this;
  }

  of(type: number, stream?: number): ReceivedFrame[] {
    return this.received.filter((got) => got.type === type && (stream === undefined || got.stream === stream));
  }

  /** Error code of the last GOAWAY; undefined when none came. */
  get goAway(): number | undefined {
    return this.of(Frame.GoAway).at(-1)?.payload.readUInt32BE(4);
  }

  /** Error code of the reset of a stream. */
  reset(stream: number): number | undefined {
    return this.of(Frame.Reset, stream)[0]?.payload.readUInt32BE(0);
  }

  /** Status of the first response on a stream; undefined while there is none. */
  status(stream: number): number | undefined {
    const [first] = this.of(Frame.Headers, stream);
    return first && statusOf(first.payload);
  }

  body(stream: number): string {
    return Buffer.concat(this.of(Frame.Data, stream).map(({ payload }) => payload)).toString("latin1");
  }

  /** The stream is over: answered whole, or reset. */
  ended(stream: number): boolean {
    const mine = this.received.filter((got) => got.stream === stream);
    return mine.some(
      ({ type, flags }) =>
        type === Frame.Reset || ((type === Frame.Data || type === Frame.Headers) && (flags & END_STREAM) !== 0),
    );
  }

  #take(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 9) {
      const length = bytes.readUIntBE(0, 3);
      if (bytes.length < 9 + length) break;
      const [type, flags] = [bytes[3] as number, bytes[4] as number];
      this.received.push({ type, flags, stream: bytes.readUInt32BE(5), payload: bytes.subarray(9, 9 + length) });
      bytes = bytes.subarray(9 + length);
    }
    this.#rest = bytes;
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** A length with a prefix of seven bits (RFC 7541 §5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

const INDEXED_STATUS: Readonly<Record<number, number>> = {
  8: 200,
  9: 204,
  10: 206,
  11: 304,
  12: 400,
  13: 404,
  14: 500,
};

/** `:status` comes first: an entry of the static table, or a literal whose digits may be squeezed (RFC 7541 App. A, B). */
function statusOf(block: Buffer): number | undefined {
  let at = 0;
  // Changes of the table's size come before all fields.
  while (((block[at] as number) & 0xe0) === 0x20) at++;
  const first = block[at] as number;
  if ((first & 0x80) !== 0) return INDEXED_STATUS[first & 0x7f];
  const length = (block[at + 1] as number) & 0x7f;
  const value = block.subarray(at + 2, at + 2 + length);
  return Number(((block[at + 1] as number) & 0x80) === 0 ? value.toString("latin1") : digits(value));
}

function digits(squeezed: Buffer): string {
  const bits = [...squeezed].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let found = "";
  for (let at = 0; at < bits.length && found.length < 3; ) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2);
    if (five <= 2) {
      found += five;
      at += 5;
    } else {
      found += Number.parseInt(bits.slice(at, at + 6), 2) - 25 + 3;
      at += 6;
    }
  }
  return found;
}
