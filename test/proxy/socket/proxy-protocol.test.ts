import { describe, expect, test } from "vitest";
import { readProxyHeader } from "../../../proxy/socket/proxy-protocol.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const read = (bytes: Buffer) => readProxyHeader(bytes, 300);
const text = (line: string): Buffer => Buffer.from(line, "latin1");

/** A version 2 header: command, family, and what follows the length. */
function v2(command: number, family: number, rest: Buffer): Buffer {
  const head = Buffer.from([command, family, rest.length >> 8, rest.length & 0xff]);
  return Buffer.concat([Buffer.from(SIGNATURE, "hex"), head, rest]);
}

const V4 = Buffer.from("cb007105c0000201d4310050", "hex");
const V6 = Buffer.from(`20010db8${"00".repeat(11)}01${"00".repeat(15)}01d43101bb`, "hex");
const TLV = Buffer.from("0300040a0b0c0d", "hex");

describe("version 1", () => {
  test.each([
    ["PROXY TCP4 203.0.113.5 192.0.2.1 54321 80\r\n", { address: "203.0.113.5", port: 54_321 }],
    ["PROXY TCP6 2001:DB8::1 ::1 54321 443\r\n", { address: "2001:db8::1", port: 54_321 }],
    ["PROXY TCP6 ::ffff:203.0.113.5 ::1 1 443\r\n", { address: "203.0.113.5", port: 1 }],
    ["PROXY UNKNOWN\r\n", null],
    ["PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", null],
  ])("%j", (line, source) => {
    expect(read(text(`${line}GET / HTTP/1.1\r\n`))).toEqual({ source, length: line.length });
    for (let cut = 0; cut < line.length; cut++) expect(read(text(line.slice(0, cut)))).toBe("incomplete");
  });

  test.each([
    "PROXY TCP4 203.0.113.5 192.0.2.1 54321\r\n",
    "PROXY TCP4 203.0.113.5 192.0.2.1 65536 80\r\n",
    "PROXY TCP4 203.0.113.5 192.0.2.1 1 -80\r\n",
    "PROXY TCP4 2001:db8::1 ::1 1 80\r\n",
    "PROXY TCP6 203.0.113.5 192.0.2.1 1 80\r\n",
    "PROXY TCP6 fe80::1%eth0 ::1 1 80\r\n",
    "PROXY TCP4  203.0.113.5 192.0.2.1 1 80\r\n",
    "PROXY TCP4 203.0.113.5 192.0.2.1 1 80\n\r\n",
    "PROXY UDP4 203.0.113.5 192.0.2.1 1 80\r\n",
    "PROXY \r\n",
    "proxy UNKNOWN\r\n",
    "GET / HTTP/1.1\r\n",
    `PROXY UNKNOWN ${"x".repeat(100)}\r\n`,
    `PROXY ${"x".repeat(200)}`,
    "\r\nPROXY UNKNOWN\r\n",
  ])("%j is malformed", (line) => {
    expect(read(text(line))).toBe("malformed");
  });
});

describe("version 2", () => {
  test.each([
    ["TCP over IPv4", v2(0x21, 0x11, V4), { address: "203.0.113.5", port: 54_321 }],
    ["TCP over IPv6", v2(0x21, 0x21, V6), { address: "2001:db8::1", port: 54_321 }],
    [
      "with TLVs, which are skipped",
      v2(0x21, 0x11, Buffer.concat([V4, TLV])),
      { address: "203.0.113.5", port: 54_321 },
    ],
    ["LOCAL", v2(0x20, 0x00, Buffer.alloc(0)), null],
    ["LOCAL, with an address that does not count", v2(0x20, 0x11, V4), null],
    ["unspecified", v2(0x21, 0x00, TLV), null],
    ["a UNIX socket", v2(0x21, 0x31, Buffer.alloc(216)), null],
    ["datagrams", v2(0x21, 0x12, V4), null],
  ])("%s", (_, header, source) => {
    expect(read(Buffer.concat([header, text("GET /")]))).toEqual({ source, length: header.length });
    for (let cut = 0; cut < header.length; cut++) expect(read(header.subarray(0, cut))).toBe("incomplete");
  });

  test.each([
    ["another version", v2(0x11, 0x11, V4)],
    ["another command", v2(0x22, 0x11, V4)],
    ["another family", v2(0x21, 0x41, V4)],
    ["another transport", v2(0x21, 0x13, V4)],
    ["too short for its addresses", v2(0x21, 0x11, V4.subarray(1))],
    ["too short for IPv6", v2(0x21, 0x21, V4)],
    ["longer than allowed", v2(0x21, 0x11, Buffer.concat([V4, Buffer.alloc(300)]))],
    ["a signature that goes wrong", Buffer.from("0d0a0d0a000d0a515549540b", "hex")],
  ])("%s is malformed", (_, header) => {
    expect(read(header)).toBe("malformed");
  });
});
