/** The `Connection` field: its options in any spelling, and what it may and may not nominate. */
import { expect, test } from "vitest";
import {
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  CONNECTION_UPGRADE,
  readConnectionOptions,
} from "../../../proxy/http1/connection-options.ts";
import { FieldSection } from "../../../proxy/http1/field-section.ts";

/** The options in `value`, and the names of the lines that stay. */
function read(value: string, names: readonly string[] = []): { options: number; stay: string[] } {
  const text = `....${names.map((name) => `${name}: x\r\n`).join("")}\r\n`;
  const bytes = Buffer.from(text, "latin1");
  const fields = new FieldSection(50);
  fields.reset(4);
  fields.scan(bytes, bytes.length);
  const options = readConnectionOptions(value, 0, fields, text.slice(4), 4);
  return { options, stay: names.filter((_, index) => fields.kept[index] === 1) };
}

test.each([
  ["close", CONNECTION_CLOSE],
  ["Close", CONNECTION_CLOSE],
  [" close ,", CONNECTION_CLOSE],
  ["keep-alive", CONNECTION_KEEP_ALIVE],
  ["Keep-Alive", CONNECTION_KEEP_ALIVE],
  ["upgrade", CONNECTION_UPGRADE],
  ["keep-alive, Upgrade", CONNECTION_KEEP_ALIVE | CONNECTION_UPGRADE],
  ["keep-alive,\tclose", CONNECTION_KEEP_ALIVE | CONNECTION_CLOSE],
  ["", 0],
  [", ,", 0],
  ["closed", 0],
  ["not-close", 0],
  ["x close", 0],
])("%j", (value, options) => {
  expect(read(value).options).toBe(options);
});

test("options of several lines add up", () => {
  const fields = new FieldSection(1);
  expect(readConnectionOptions("close", CONNECTION_UPGRADE, fields, "", 0)).toBe(CONNECTION_CLOSE | CONNECTION_UPGRADE);
});

test("every line with a nominated name goes, in any case; others stay", () => {
  const names = ["X-A", "x-a", "X-Ab", "X-B", "Accept", "User-Agent"];
  expect(read("x-A, accept, user-agent", names).stay).toEqual(["X-Ab", "X-B"]);
});

test("what frames or routes a message stays, whoever nominates it", () => {
  const names = ["Host", "Content-Length", "Transfer-Encoding", "X-A"];
  expect(read("host, Content-Length, TRANSFER-ENCODING, x-a", names).stay).toEqual([
    "Host",
    "Content-Length",
    "Transfer-Encoding",
  ]);
});
