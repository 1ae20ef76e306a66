import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { confirm } from "../../../cli/report/prompt.ts";
import { memoryTerminal } from "../command/memory-terminal.ts";

const never = new AbortController().signal;

describe("answers", () => {
  test.each(["y\n", "Y\n", " yes \n", "what?\ny\n", "yes"])("%j is a yes", async (input) => {
    const terminal = memoryTerminal({ input });
    await confirm("Remove it?", terminal, never);
    expect(terminal.err()).toContain("Remove it? [y/N] ");
    expect(terminal.out()).toBe("");
  });

  test.each(["n\n", "no\n", "\n", "N\n", "a\nb\nc\ny\n"])("%j is a no", async (input) => {
    await expect(confirm("Remove it?", memoryTerminal({ input }), never)).rejects.toMatchObject({
      code: "declined",
      exitCode: 1,
    });
  });
});

test("the end of input ends the question, where the original asks forever", async () => {
  const terminal = memoryTerminal({ input: "" });
  await expect(confirm("Remove it?", terminal, never)).rejects.toMatchObject({
    code: "declined",
    hint: "--yes answers for you, where nobody can",
  });
  expect(terminal.err()).toBe("Remove it? [y/N] \n");
});

test("an interruption ends it, too", async () => {
  const terminal = { ...memoryTerminal(), stdin: new PassThrough() };
  const controller = new AbortController();
  const asked = confirm("Remove it?", terminal, controller.signal);
  setImmediate(() => controller.abort());
  await expect(asked).rejects.toMatchObject({ code: "declined", exitCode: 130 });
});
