import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONFIG_LIMITS } from "../../../cli/config/limits.ts";
import { POSSIBLE, renderTemplate } from "../../../cli/config/template.ts";
import { ConfigError } from "../../../cli/errors.ts";
import { runInShell } from "../../../cli/secret/shell-command.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const ENV = { HOST: "10.0.0.1", EMPTY: "", SPACED: " a ", PATH: process.env["PATH"] };

async function rendered(source: string, env: Record<string, string | undefined> = ENV): Promise<string> {
  return (await renderTemplate("deploy.yml", source, { cwd: ".", env, run: runInShell })).text;
}

async function refusal(source: string): Promise<string> {
  const error: unknown = await rendered(source).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw new Error(`was not refused: ${JSON.stringify(error)}`);
  return error.message;
}

describe("forms that are understood", () => {
  test.each([
    ['<%= ENV["HOST"] %>', "10.0.0.1"],
    ["<%= ENV['HOST'] %>", "10.0.0.1"],
    ["<%=ENV['HOST']%>", "10.0.0.1"],
    ['<%= ENV["UNSET"] %>', ""],
    ['<%= ENV.fetch("HOST") %>', "10.0.0.1"],
    ['<%= ENV.fetch("UNSET", "b") %>', "b"],
    ["<%= ENV.fetch('UNSET', ENV['HOST']) %>", "10.0.0.1"],
    ['<%= ENV.fetch("UNSET") { "b" } %>', "b"],
    ['<%= ENV.fetch "UNSET", "b" %>', "b"],
    ['<%= ENV["UNSET"] || "b" %>', "b"],
    ['<%= ENV["EMPTY"] || "b" %>', ""],
    ['<%= ENV["UNSET"] || ENV["ALSO"] || "c" %>', "c"],
    ['<%= "a b" %>', "a b"],
    ["<%= 'a b' %>", "a b"],
    ['<%= "a\\tb\\"" %>', 'a\tb"'],
    ["<%= 'a\\tb' %>", "a\\tb"],
    ['<%= "at #{ENV["HOST"]}:80" %>', "at 10.0.0.1:80"],
    ["<%= 3000 %>", "3000"],
    ["<%= %x(printf hi) %>", "hi"],
    ["<%= %x{echo hi}.strip %>", "hi"],
    ["<%= `echo $((1 + 2))`.chomp %>", "3"],
    ["<%= %x(echo (a) | tr -d '()').strip %>".replace("(a)", "$(echo a)"), "a"],
    ['<%= ENV["SPACED"].strip %>', "a"],
    ['<%= ENV["SPACED"].lstrip.rstrip.to_s %>', "a"],
    ["<%= (ENV['UNSET'] || ' b ').strip %>", "b"],
    ["a<%# anything: at all %>b", "ab"],
    ["a<% # a comment of Ruby\n# another %>b", "ab"],
    ["a<%%= b %>", "a<%= b %>"],
    ["a\n  <%- # gone -%>\nb", "a\nb"],
    ['a: <%= ENV["HOST"] -%>\nb', "a: 10.0.0.1b"],
    ['# a comment <%= ENV["HOST"] %> of YAML', "# a comment 10.0.0.1 of YAML"],
    ["no tags: 100%", "no tags: 100%"],
  ])("%s", async (source, text) => {
    expect(await rendered(source)).toBe(text);
  });

  test("files, from where the command runs", async () => {
    const cwd = await temporaryDirectory();
    await writeFile(join(cwd, ".ruby-version"), "3.4.1\n");
    const { text } = await renderTemplate("deploy.yml", '<%= File.read(".ruby-version").strip %>', {
      cwd,
      env: ENV,
      run: runInShell,
    });
    expect(text).toBe("3.4.1");
  });
});

describe("what is not understood is refused, with its line and what is possible", () => {
  test.each([
    ["a: 1\nb: <%= Time.now %>", "deploy.yml:2:4", '"Time.now" is not understood'],
    ["<% if true %>", "deploy.yml:1:1", 'code such as "if true" is not run'],
    ['<% require "dotenv"; Dotenv.load %>', "deploy.yml:1:1", "is not run"],
    ["<%= ENV.to_h %>", "deploy.yml:1:1", 'ENV".to_h" is not understood'],
    ['<%= ENV["A"].upcase %>', "deploy.yml:1:1", ".upcase is not understood"],
    ['<%= ENV["A" %>', "deploy.yml:1:1", "] is missing"],
    ['<%= "a %>', "deploy.yml:1:1", '" is missing'],
    ["<%= %>", "deploy.yml:1:1", "something is missing"],
    ["<%= 1 + 1 %>", "deploy.yml:1:1", '"+ 1" is not understood'],
    [`<%= ${"(".repeat(30)} %>`, "deploy.yml:1:1", "too many expressions inside one another"],
    ["# even in a comment <%= foo %>", "deploy.yml:1:21", '"foo" is not understood'],
  ])("%s", async (source, place, why) => {
    const message = await refusal(source);
    expect(message).toContain(`${place} template: `);
    expect(message).toContain(why);
    expect(message).toContain(POSSIBLE);
  });

  test.each([
    ['a\n<%= ENV.fetch("UNSET") %>', "deploy.yml:2:1 template: variable UNSET is not set"],
    ['<%= ENV["UNSET"].strip %>', "deploy.yml:1:1 template: nothing to .strip: the value is not set"],
    ['<%= File.read("/nowhere/x") %>', "deploy.yml:1:1 template: file /nowhere/x cannot be read: there is none"],
    [
      "<%= %x(echo oops >&2; exit 3) %>",
      'deploy.yml:1:1 template: command "echo oops >&2; exit 3" ended with status 3:\n  oops',
    ],
    ["a <% b", "deploy.yml:1:3 template tag <% without %>"],
    ['<%= "" %>'.repeat(CONFIG_LIMITS.maxTemplateTags + 1), `more than ${CONFIG_LIMITS.maxTemplateTags} template tags`],
    ["<%= %x(yes | head -c 600000) %>".repeat(2), `the rendered file exceeds ${CONFIG_LIMITS.maxFileBytes} bytes`],
  ])("%s", async (source, message) => {
    expect(await refusal(source)).toContain(message);
  });

  test("any text is rendered, or refused with a ConfigError", async () => {
    const piece = fc.constantFrom(
      "<%=",
      "<%",
      "%>",
      "-%>",
      "<%-",
      "<%#",
      " ENV",
      '["',
      '"]',
      ".fetch(",
      ")",
      "'",
      '"',
      "#{",
      "}",
      "\\",
      "||",
      ".strip",
      "a",
      "\n",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
        const error: unknown = await rendered(pieces.join("")).catch((thrown: unknown) => thrown);
        expect(typeof error === "string" || error instanceof ConfigError).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the way back to the file's own lines", () => {
  test.each([
    ["after a value of several lines", "a: <%= %x(printf '1\\n2\\n3') %>\nb: HERE", 2, 4],
    ["after a tag over several lines", 'a: <%= ENV[\n"HOST"\n] %>\nb: HERE', 4, 4],
    ["after a line break that is taken away", "<%# gone -%>\nb: HERE", 2, 4],
    ["after an indentation that is taken away", "a: 1\n  <%- -%>\nb: HERE", 3, 4],
    ["beside a tag", 'a: [<%= "a long value" %>, HERE]', 1, 28],
    ["inside of a tag's value", "a: 1\nb: <%= 'HERE' %>", 2, 4],
  ])("%s", async (_what, source, line, column) => {
    const text = await renderTemplate("deploy.yml", source, { cwd: ".", env: ENV, run: runInShell });
    expect(text.positionAt(text.text.indexOf("HERE"))).toEqual({ file: "deploy.yml", line, column });
  });
});
