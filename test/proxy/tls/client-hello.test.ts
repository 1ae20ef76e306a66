import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClientHello, readClientHello } from "../../../proxy/tls/client-hello.ts";
import {
  extension,
  helloMessage,
  nameExtension,
  protocolsExtension,
  records,
  vector,
} from "../../support/client-hello.ts";
import { helloOf } from "../../support/tls-clients.ts";

const MAX = 16 * 1024;
const EXAMPLE: ClientHello = { serverName: "a.test", protocols: ["h2", "http/1.1"] };

function helloFor({ serverName, protocols }: ClientHello): Buffer {
  const extensions = [extension(43, Buffer.from([2, 3, 4]))];
  if (serverName !== "") extensions.push(nameExtension(serverName));
  if (protocols.length > 0) extensions.push(protocolsExtension(protocols));
  return helloMessage(extensions);
}

const latin1 = (max: number) => fc.string({ minLength: 1, maxLength: max, unit: "binary-ascii" });

describe("a real client's hello", () => {
  test.each([
    ["a.test", ["h2", "http/1.1"]],
    ["long-name-of-a-server.example.test", ["acme-tls/1"]],
    ["", []],
  ])("%j and %j are read", async (serverName, protocols) => {
    const hello = await helloOf(serverName, protocols.length > 0 ? { ALPNProtocols: [...protocols] } : {});
    expect(readClientHello(hello, MAX)).toEqual({ serverName, protocols });
  });

  test("of TLS 1.2 as well", async () => {
    const hello = await helloOf("a.test", { maxVersion: "TLSv1.2" });
    expect(readClientHello(hello, MAX)).toEqual({ serverName: "a.test", protocols: [] });
  });
});

describe("cut into pieces", () => {
  test("is incomplete up to its last byte, however it is cut into records", () => {
    fc.assert(
      fc.property(
        fc.record({ serverName: latin1(255), protocols: fc.array(latin1(20), { maxLength: 5 }) }),
        fc.integer({ min: 1, max: 600 }),
        fc.uint8Array({ maxLength: 50 }),
        (wanted, size, rest) => {
          const hello = records(helloFor(wanted), size);
          for (let length = 0; length < hello.length; length += 1 + (length % 7)) {
            expect(readClientHello(hello.subarray(0, length), MAX)).toBe("incomplete");
          }
          expect(readClientHello(hello.subarray(0, -1), MAX)).toBe("incomplete");
          expect(readClientHello(Buffer.concat([hello, rest]), MAX)).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is not waited for beyond the largest size", () => {
    const hello = records(helloMessage([extension(21, Buffer.alloc(500))]), 100);
    expect(readClientHello(hello, hello.length)).toEqual({ serverName: "", protocols: [] });
    expect(readClientHello(hello.subarray(0, 200), 200)).toBe("malformed");
    expect(readClientHello(hello.subarray(0, 200), 500)).toBe("malformed");
    expect(readClientHello(records(Buffer.from([1, 255, 255, 255, 0])), MAX)).toBe("malformed");
  });
});

describe("what is no hello", () => {
  test.each([
    ["plain HTTP", "GET / HTTP/1.1\r\n\r\n"],
    ["its first byte", "G"],
    ["SSH", "SSH-2.0-OpenSSH\r\n"],
    ["another major version", "\x16\x02\x00"],
  ])("%s is no TLS", (_, text) => {
    expect(readClientHello(Buffer.from(text, "latin1"), MAX)).toBe("not-tls");
  });

  test("nothing is nothing yet", () => {
    expect(readClientHello(Buffer.alloc(0), MAX)).toBe("incomplete");
  });

  const name = nameExtension("a.test");
  test.each([
    ["another message", records(Buffer.from([2, 0, 0, 1, 0]))],
    ["an empty record", Buffer.from([22, 3, 1, 0, 0])],
    ["a record beyond the largest", Buffer.from([22, 3, 1, 0x40, 1])],
    [
      "an alert between two records",
      Buffer.concat([records(helloMessage(null).subarray(0, 9)), Buffer.from([21, 3, 1, 0, 2])]),
    ],
    ["two names", records(helloMessage([name, name]))],
    ["an empty name", records(helloMessage([nameExtension("")]))],
    [
      "a name of another kind",
      records(helloMessage([extension(0, vector(2, Buffer.of(1), vector(2, Buffer.of(65))))])),
    ],
    ["bytes behind the name", records(helloMessage([extension(0, Buffer.concat([name.subarray(4), Buffer.of(0)]))]))],
    ["an empty protocol", records(helloMessage([protocolsExtension([""])]))],
    ["no protocols", records(helloMessage([extension(16, vector(2))]))],
    ["an extension that ends too late", records(helloMessage([Buffer.from([0, 0, 0, 9, 0])]))],
    ["half an extension", records(helloMessage([Buffer.from([0, 0, 0])]))],
  ])("%s is malformed", (_, bytes) => {
    expect(readClientHello(bytes, MAX)).toBe("malformed");
  });

  test("bytes behind the extensions are malformed", () => {
    const whole = helloMessage([name]);
    const longer = Buffer.concat([whole, Buffer.of(0)]);
    longer.writeUIntBE(whole.length - 4 + 1, 1, 3);
    expect(readClientHello(records(longer), MAX)).toBe("malformed");
  });

  test("without extensions it is a hello all the same", () => {
    expect(readClientHello(records(helloMessage(null)), MAX)).toEqual({ serverName: "", protocols: [] });
  });
});

test("nothing that anybody sends makes it throw", () => {
  const hello = records(helloFor(EXAMPLE));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const bytes = Buffer.from(hello);
      for (const [at, value] of changes) bytes[at] = value;
      const result = readClientHello(bytes, MAX);
      expect(typeof result === "string" || typeof result.serverName === "string").toBe(true);
    }),
    { numRuns: 3_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      readClientHello(Buffer.concat([Buffer.from([22, 3, 1]), noise]), MAX);
      readClientHello(records(Buffer.concat([Buffer.from([1, 0, 0, 200]), noise])), MAX);
    }),
    { numRuns: 2_000 },
  );
});
