import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePages } from "../../../proxy/response/page-template.ts";

/** Text with everything in it that ever broke out of anything. */
const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      ...Array.from("<>\"'`&;:/\\=()[]{}#?%$!-* \n\t\0\u2028ajavscript"),
      "</script",
      "-->",
      "<!--",
      "javascript:",
      "${",
      "]]>",
    ),
    maxLength: 20,
  }),
);

function render(source: string, message: string): string | null {
  return parsePages({ "503.html": source }).render(503, message)?.toString() ?? null;
}

/** What a browser makes of character references. */
function decoded(text: string): string {
  const names: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_, code: string | undefined, name: string) =>
    code === undefined ? (names[name] as string) : String.fromCodePoint(Number(code)),
  );
}

/** As it reaches a browser: UTF-8 has no lone surrogates, HTML no NUL. */
function asShown(message: string): string {
  return message.toWellFormed().replaceAll("\0", "\u{fffd}");
}

describe("no message gets out of its place", () => {
  test("text, title, textarea", () => {
    fc.assert(
      fc.property(hostile, (message) => {
        for (const element of ["p", "title", "textarea", "iframe"]) {
          const page = render(`<${element}>{{ .Message }}</${element}>`, message) ?? "";
          const inside = page.slice(element.length + 2, -element.length - 3);
          expect(inside).not.toMatch(/[<>"'`]/);
          expect(decoded(inside)).toBe(asShown(message));
        }
      }),
    );
  });

  test("attributes with each kind of quote, and without", () => {
    fc.assert(
      fc.property(hostile, (message) => {
        for (const quote of ['"', "'", ""]) {
          const page = render(`<p title=${quote}{{ .Message }}${quote}>x</p>`, message) ?? "";
          const value = page.slice(9 + quote.length, -5 - quote.length - 1);
          expect(value).not.toMatch(quote === "" ? /[\t\n\f\r <>"'`=]/ : /[<>"'`]/);
          expect(decoded(value)).toBe(asShown(message));
        }
      }),
    );
  });

  test("addresses lead to the web or by mail or phone, never into a script", () => {
    fc.assert(
      fc.property(hostile, (message) => {
        for (const before of ["", "java", "/a?b=", "/a/", "https://a.test/", "mailto:"]) {
          for (const quote of ['"', ""]) {
            const page = render(`<a href=${quote}${before}{{ .Message }}${quote}>x</a>`, message) ?? "";
            const value = page.slice(8 + quote.length, -5 - quote.length - 1);
            expect(value).not.toMatch(/[\s<>"'`]/);
            const url = URL.canParse(decoded(value), "http://base.test/")
              ? new URL(decoded(value), "http://base.test/")
              : null;
            expect(url?.protocol ?? "http:").toMatch(/^(https?|mailto|tel):$/);
            const shown = before.startsWith("/a?") ? url?.searchParams.get("b") : message.toWellFormed();
            expect(shown).toBe(message.toWellFormed());
          }
        }
      }),
    );
  });

  test("scripts see the very text, as a value and within quotes", () => {
    const source =
      "<script>/* it's */ var a = {{ .Message }}; // don't\nvar b = \"{{ .Message }}\", c = '-{{ .Message }}-', d = /[\"/]/.test('x'), e = {{ len .Message }} / 1;\nout = [a, b, c, e];</script>";
    fc.assert(
      fc.property(hostile, (message) => {
        const page = render(source, message) ?? "";
        expect(page.toLowerCase().indexOf("</script")).toBe(page.length - 9);
        const out = runInNewContext(page.slice(8, -9), { out: null }) as unknown;
        expect(JSON.stringify(out)).toBe(
          JSON.stringify([message, message, `-${message}-`, Buffer.byteLength(message)]),
        );
      }),
    );
  });

  test("event handlers see the very text, too", () => {
    fc.assert(
      fc.property(hostile, (message) => {
        const page = render("<p onclick='out = [\"{{ .Message }}\", {{ .Message }}]'>x</p>", message) ?? "";
        const value = page.slice(12, -7);
        expect(value).not.toContain("'");
        expect(JSON.stringify(runInNewContext(decoded(value), { out: null }))).toBe(JSON.stringify([message, message]));
      }),
    );
  });

  test("styles: nothing that ends a value, a rule, a text, a comment or the sheet", () => {
    fc.assert(
      fc.property(hostile, (message) => {
        for (const [start, end] of [
          ["<style>p { color: ", "; }</style>"],
          ['<style>p::after { content: "', '"; }</style>'],
          ["<style>/* ", " */</style>"],
          ['<p style="color: ', '">x</p>'],
        ] as const) {
          const page = render(`${start}{{ .Message }}${end}`, message) ?? "";
          expect(page.slice(start.length, -end.length)).toMatch(
            /^(?:[-+#]?[a-zA-Z0-9.%-]*|(?:[a-zA-Z0-9]|\\[\da-f]+ )*)$/,
          );
        }
      }),
    );
  });

  test("comments show nothing", () => {
    fc.assert(
      fc.property(hostile, (message) => {
        expect(render("<!-- {{ .Message }} --><p>{{ 1 }}</p>", message)).toBe("<!--  --><p>1</p>");
      }),
    );
  });

  test("whatever stands before it, a value is shown safely or the page not at all [DP-12]", () => {
    const before = fc.string({
      unit: fc.constantFrom(
        "<",
        "a",
        " ",
        "/",
        ">",
        "=",
        '"',
        "'",
        "!--",
        "-->",
        "script",
        "style",
        "title",
        "href",
        "onclick",
        "</",
        "x:",
        "?",
        "`",
        "\\",
        "${ ",
      ),
      maxLength: 14,
    });
    fc.assert(
      fc.property(before, hostile, (text, message) => {
        const page = render(`${text}{{ .Message }}`, message);
        if (page === null) return;
        const shown = page.slice(text.length);
        if (shown === "") return;
        // Nothing that could open, close or quote anything anywhere; `"` only around a script's value.
        expect(shown.replace(/^"(.*)"$/s, "$1")).not.toMatch(/[<>"'`]/);
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  ['<a href="{{ .Message }}">', "javascript:alert(1)", '<a href="#unsafe-url">'],
  ['<a href="{{ .Message }}">', " JaVaScRiPt:alert(1)", '<a href="#unsafe-url">'],
  ['<a href="{{ .Message }}">', "https://a.test/x?y=1&z=2", '<a href="https://a.test/x?y=1&amp;z=2">'],
  ['<a href="/status?m={{ .Message }}">', "a&b=c", '<a href="/status?m=a%26b%3Dc">'],
  ['<p style="color: {{ .Message }}">', "red", '<p style="color: red">'],
  ['<p style="color: {{ .Message }}">', "red;x:y", '<p style="color: red\\3b x\\3a y">'],
  ["<script>m = {{ .Message }}</script>", "</script>", '<script>m = "\\u003c\\u002fscript\\u003e"</script>'],
  ['<p {{ if .Message }}class="on"{{ end }} title={{ .Message }}>', "a b", '<p class="on" title=a&#32;b>'],
  ["<plaintext>{{ .Message }}", "<", "<plaintext>&lt;"],
])("%s with %j", (source, message, page) => {
  expect(render(source, message)).toBe(page);
});

test.each([
  '<a href="javascript:{{ .Message }}">',
  '<a href="&#106;avascript:{{ .Message }}">',
  "<script>x = a) / {{ .Message }}</script>",
  "<script>x = /{{ .Message }}/</script>",
  "<script>x = `{{ .Message }}`</script>",
  "<script><!-- ' \n x = {{ .Message }}</script>",
  '<p onclick="a(&quot;{{ .Message }}&quot;)">',
  "<p {{ .Message }}>",
  "<p {{ .Message }}=1>",
])("no page is better than %s", (source) => {
  expect(render(source, "m")).toBeNull();
});
