/** What a WebSocket client may say, and what it must not: cases after the groups of the Autobahn suite, as bytes. */
import { constants, deflateRawSync } from "node:zlib";

export type WebSocketCase = {
  readonly name: string;
  /** What the client writes behind the handshake, one write each; a number waits for that many frames of the server. */
  readonly writes: readonly (Uint8Array | number)[];
  /** Status of the server's Close frame, 0 for one without; absent when there is none. */
  readonly closes?: number;
  readonly extensions?: string;
};

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const RSV1 = 0x40;
const DONE = close(1000);
const MIB = 1_048_576;

export const WEBSOCKET_CASES: readonly WebSocketCase[] = [
  // Messages of all lengths at which the frame's head changes, and large ones.
  ...[0, 1, 125, 126, 127, 128, 65_535, 65_536].flatMap((size) => [
    good(`text of ${size}`, frame(TEXT, "*".repeat(size))),
    good(`binary of ${size}`, frame(BINARY, Buffer.alloc(size, 0xfe))),
  ]),
  good("binary of 1 MiB", frame(BINARY, patterned(MIB))),
  good("binary of 16 MiB", frame(BINARY, patterned(16 * MIB))),
  good("text of 1 MiB in pieces of 1460 bytes", ...pieces(frame(TEXT, "ä".repeat(MIB / 2)), 1_460)),
  good("1 MiB in frames of 4 KiB", ...fragments(BINARY, patterned(MIB), 4_096)),
  good("text of 200, byte by byte", ...pieces(frame(TEXT, "*".repeat(200)), 1)),
  bad("more than the server takes", 1009, Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x03, 0, 0, 0, 1, 2, 3, 4])),
  bad("a length beyond 2^53", 1009, Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])),
  good(
    "many small frames at once",
    Buffer.concat(Array.from({ length: 2_000 }, (_, i) => frame(TEXT, `message ${i}`))),
  ),
  good(
    "many small frames, torn",
    ...pieces(Buffer.concat(Array.from({ length: 300 }, (_, i) => frame(BINARY, `${i}`))), 7),
  ),

  // Pings and pongs.
  ...["", "Hello", "\0\u00ff\u00fe", "p".repeat(125)].map((payload) =>
    good(
      `ping with ${JSON.stringify(payload.slice(0, 8))}, ${payload.length} long`,
      frame(PING, Buffer.from(payload, "latin1").subarray(0, 125)),
    ),
  ),
  bad("ping of 126", 1002, frame(PING, "p".repeat(126))),
  good("ping, byte by byte", ...pieces(frame(PING, "p".repeat(125)), 1)),
  good("ten pings", ...Array.from({ length: 10 }, (_, index) => frame(PING, `ping ${index}`))),
  good("pong that nobody asked for", frame(PONG, "unasked"), frame(PONG), frame(PING, "still there?")),
  good("the server's ping is answered", frame(TEXT, "do ping payload"), 1, frame(PONG, "payload")),

  // Reserved bits and opcodes.
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => bad(`reserved bits ${rsv}`, 1002, frame(TEXT, "x", { rsv: rsv << 4 }))),
  bad("reserved bit on a ping", 1002, frame(TEXT, "first"), frame(PING, "x", { rsv: 0x20 })),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => bad(`opcode ${opcode}`, 1002, frame(opcode, "x"))),
  bad("opcode 3 behind a good message", 1002, frame(TEXT, "good"), frame(3), frame(PING)),

  // Masks.
  bad("a frame without a mask", 1002, Buffer.from([0x81, 0x02, 0x68, 0x69])),
  bad("a ping without a mask", 1002, Buffer.from([0x89, 0x00])),
  good("a mask of zeros", Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])),
  good("a length in more bytes than needed", Buffer.from([0x81, 0xfe, 0, 2, 0, 0, 0, 0, 0x68, 0x69])),

  // Fragments.
  good("two fragments", frame(TEXT, "Hel", { fin: false }), frame(0, "lo")),
  good("empty fragments", frame(TEXT, "", { fin: false }), frame(0, "", { fin: false }), frame(0, "")),
  good(
    "a fragment of nothing but the last",
    frame(TEXT, "", { fin: false }),
    frame(0, "", { fin: false }),
    frame(0, "end"),
  ),
  good("a hundred fragments", ...fragments(TEXT, Buffer.from("x".repeat(100)), 1)),
  good("a ping between fragments", frame(TEXT, "Hel", { fin: false }), frame(PING, "now"), frame(0, "lo")),
  good("a pong between fragments", frame(TEXT, "Hel", { fin: false }), frame(PONG, "now"), frame(0, "lo")),
  good(
    "pings between a hundred fragments",
    ...fragments(BINARY, patterned(6_400), 64).flatMap((part) => [part, frame(PING, "?")]),
  ),
  good("a close between fragments", frame(TEXT, "Hel", { fin: false })),
  good("the server's fragments", frame(TEXT, "do fragments"), 5),
  bad("a fragmented ping", 1002, frame(PING, "x", { fin: false })),
  bad("a fragmented close", 1002, frame(CLOSE, "", { fin: false })),
  bad("a continuation of nothing", 1002, frame(0, "x")),
  bad("an unfinished continuation of nothing", 1002, frame(0, "x", { fin: false })),
  bad("a message within a message", 1002, frame(TEXT, "a", { fin: false }), frame(TEXT, "b")),
  bad("a continuation behind the end", 1002, ...fragments(TEXT, Buffer.from("abc"), 2), frame(0, "d")),

  // UTF-8.
  good("UTF-8 of all lengths", frame(TEXT, "aäπ∑😀\u0000\u007f\uffff\u{10ffff}")),
  good("UTF-8 torn within characters", ...fragments(TEXT, Buffer.from("κόσμε 😀"), 1)),
  ...["c0af", "eda080", "f4908080", "80", "ff", "e28282e2", "cebae1bdb9cf83cebcceb5f4908080656469746564", "c3"].map(
    (hex) => bad(`text of ${hex}, which is no UTF-8`, 1007, frame(TEXT, Buffer.from(hex, "hex"))),
  ),
  bad("no UTF-8 across fragments", 1007, frame(TEXT, Buffer.from("e282", "hex"), { fin: false }), frame(0, "x")),
  good("anything, if it is binary", frame(BINARY, Buffer.from("c0afeda080f4908080", "hex"))),

  // Closing.
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code) => ({
    name: `close with ${code}`,
    writes: [close(code, "a reason")],
    closes: code,
  })),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) =>
    bad(`close with ${code}, which is none`, 1002, close(code)),
  ),
  { name: "close without a status", writes: [frame(CLOSE)], closes: 0 },
  { name: "close with a reason of 123", writes: [close(1000, "r".repeat(123))], closes: 1000 },
  bad("close of one byte", 1002, frame(CLOSE, "x")),
  bad("close with a reason of 124", 1002, close(1000, "r".repeat(124))),
  bad("close with a reason that is no UTF-8", 1007, frame(CLOSE, Buffer.from("03e8c0af", "hex"))),
  { name: "close, byte by byte", writes: pieces(close(4001, "slowly"), 1), closes: 4001 },
  {
    name: "a message and a ping behind the close",
    writes: [Buffer.concat([DONE, frame(TEXT, "late"), frame(PING)])],
    closes: 1000,
  },
  { name: "two closes", writes: [Buffer.concat([close(1001), DONE])], closes: 1001 },
  ...[1000, 1001, 1011, 1012, 1013, 3000, 4999].map((code) => ({
    name: `the server closes with ${code}`,
    writes: [frame(TEXT, `do close ${code} because`), 1, close(code, "because")],
    closes: code,
  })),
  { name: "the server vanishes", writes: [frame(TEXT, "do vanish")] },
  { name: "the server ends without a close", writes: [frame(TEXT, "do end")] },

  // permessage-deflate: offers, compressed messages, and what must not be.
  ...[
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; server_max_window_bits=9",
    "permessage-deflate; server_max_window_bits=9, permessage-deflate",
    "x-webkit-deflate-frame, permessage-deflate",
  ].flatMap((extensions) => [
    { ...good(`plain under ${extensions}`, frame(TEXT, "plain")), extensions },
    {
      ...good(`packed under ${extensions}`, packed(TEXT, "packed ".repeat(40)), packed(BINARY, "", 100_000)),
      extensions,
    },
  ]),
  ...[
    good(
      "packed in fragments, pings between",
      ...packedFragments(patterned(50_000), 1_000).flatMap((part) => [part, frame(PING)]),
    ),
    good("1 MiB packed, torn", ...pieces(packed(BINARY, "", MIB), 333)),
    good(
      "many packed",
      Buffer.concat(Array.from({ length: 300 }, (_, index) => packed(TEXT, `message ${index} `.repeat(3)))),
    ),
    bad("packed text that is no UTF-8", 1007, frame(TEXT, deflated(Buffer.from("c0af", "hex")), { rsv: RSV1 })),
    bad("packed that cannot be unpacked", 1007, frame(BINARY, Buffer.alloc(20, 0xff), { rsv: RSV1 })),
    bad("a packed ping", 1002, frame(PING, "x", { rsv: RSV1 })),
    bad("a continuation that says packed", 1002, frame(TEXT, "x", { fin: false }), frame(0, "x", { rsv: RSV1 })),
    bad("other reserved bits", 1002, frame(TEXT, "x", { rsv: 0x20 })),
    bad("packed to more than the server takes", 1009, packed(BINARY, "", 40 * MIB)),
  ].map((one) => ({ ...one, name: `permessage-deflate: ${one.name}`, extensions: "permessage-deflate" })),
];

/** A client's frame, masked. */
export function frame(
  opcode: number,
  payload: string | Uint8Array = "",
  head: { fin?: boolean; rsv?: number } = {},
): Buffer {
  const body = Buffer.from(payload as string);
  const mask = [0x37, 0xfa, 0x21, 0x3d];
  const first = (head.fin === false ? 0 : 0x80) | (head.rsv ?? 0) | opcode;
  for (let index = 0; index < body.length; index++) body[index] = (body[index] as number) ^ (mask[index & 3] as number);
  return Buffer.concat([Buffer.from([first, ...lengthBytes(body.length), ...mask]), body]);
}

function close(code: number, reason = ""): Buffer {
  return frame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
}

/** Ends in a proper close. */
function good(name: string, ...writes: (Uint8Array | number)[]): WebSocketCase {
  return { name, writes: [...writes, DONE], closes: 1000 };
}

/** The server ends it. */
function bad(name: string, closes: number, ...writes: Uint8Array[]): WebSocketCase {
  return { name, writes, closes };
}

function lengthBytes(length: number): number[] {
  if (length < 126) return [0x80 | length];
  if (length < 65_536) return [0xfe, length >> 8, length & 0xff];
  return [0xff, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 0xff)];
}

function fragments(opcode: number, payload: Uint8Array, size: number, rsv = 0): Buffer[] {
  const parts = pieces(payload, size);
  return parts.map((part, index) =>
    frame(index === 0 ? opcode : 0, part, { fin: index === parts.length - 1, rsv: index === 0 ? rsv : 0 }),
  );
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

function patterned(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 8)) & 0xff;
  return bytes;
}

/** @param patternedSize bytes of pattern instead of the text */
function packed(opcode: number, text: string, patternedSize = 0): Buffer {
  return frame(opcode, deflated(patternedSize > 0 ? patterned(patternedSize) : Buffer.from(text)), { rsv: RSV1 });
}

function packedFragments(payload: Uint8Array, size: number): Buffer[] {
  return fragments(BINARY, deflated(payload), size, RSV1);
}

/** As RFC 7692 §7.2.1 has it: flushed, without the empty block at the end. */
function deflated(payload: Uint8Array): Buffer {
  const bytes = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, -4);
}
