import { describe, expect, test } from "vitest";
import { ProxyError } from "../../../proxy/errors.ts";
import { TEMPLATE_LIMITS } from "../../../proxy/limits.ts";
import { parsePages } from "../../../proxy/response/page-template.ts";

/** The page `503.html` of these sources, or the reason why there is none. */
function render(source: string, message?: string, more: Readonly<Record<string, string>> = {}): string {
  let reason = "nothing";
  const pages = parsePages({ ...more, "503.html": source }, (page, why) => (reason = `${page}: ${why}`));
  return pages.render(503, message)?.toString() ?? reason;
}

function refusal(files: Readonly<Record<string, string>>): string {
  try {
    parsePages(files);
    return "accepted";
  } catch (error) {
    if (!(error instanceof ProxyError) || error.code !== "error-pages-unusable") throw error;
    return `${error.message}: ${error.hint}`;
  }
}

describe("values", () => {
  test.each([
    ["{{ .Message }}", "a & b", "a &amp; b"],
    ["{{ .Message }}", undefined, ""],
    ["{{ .Missing }}{{ .Message.Deep }}{{ .A.B }}", "x", ""],
    ["{{.}}", "x", "{x}"],
    ["{{ $.Message }}", "x", "x"],
    ['{{ "quoted \\"text\\" \\u00e9\\x41\\n" }}', "", "quoted &#34;text&#34; éA\n"],
    ["{{ `raw \\n` }}{{ 12 }}{{ 0x1F }}{{ -1.5 }}{{ true }}{{ nil }}{{ 'a' }}", "", "raw \\n1231-1.5true97"],
    [
      '{{ printf "%s-%d-%q-%v-%%-%5d|%-4s|%05.1f" .Message 7 "q" true 42 "ab" 3.14159 }}',
      "m",
      "m-7-&#34;q&#34;-true-%-   42|ab  |003.1",
    ],
    ['{{ printf "%d %s" "a" }}', "", "%!d(a) %!s(MISSING)"],
    ['{{ printf "x" 1 }}', "", "x%!(EXTRA 1)"],
    ["{{ len .Message }}", "héllo", "6"],
    ["{{ len .Message }}", undefined, "0"],
    ['{{ .Message | printf "<%s>" }}', "b", "&lt;b&gt;"],
    ["{{ .Message | html }}{{ html .Message }}", "<", "&lt;&lt;"],
    ['{{ printf "%s!" (html .Message) }}', "<", "&amp;lt;!"],
    ['{{ print "a" 1 2 "b" }}', "", "a1 2b"],
    ['{{ urlquery "a b&c" }}', "", "a%20b%26c"],
    ["{{ not .Message }}{{ and 1 .Message }}{{ or .Message 2 }}", "", "true2"],
    ['{{ eq .Message "a" "b" }}{{ ne .Message "b" }}{{ lt 1 2 }}{{ ge "a" "b" }}', "b", "truefalsetruefalse"],
    ["{{ eq (len .Message) 3 }}", "abc", "true"],
    ["{{ $m := .Message }}{{ $m }}{{ $m = 5 }}{{ $m }}", "x", "x5"],
  ])("%s with %j", (source, message, page) => {
    expect(render(source, message)).toBe(page);
  });
});

describe("blocks", () => {
  test.each([
    ["{{ if .Message }}yes{{ else }}no{{ end }}", "m", "yes"],
    ["{{ if .Message }}yes{{ else }}no{{ end }}", undefined, "no"],
    ['{{if eq .Message "a"}}A{{else if eq .Message "b"}}B{{else}}C{{end}}', "b", "B"],
    ["{{ with .Message }}[{{ . }}]{{ else }}none{{ end }}", "m", "[m]"],
    ["{{ with .Message }}[{{ . }}]{{ else }}none{{ end }}", "", "none"],
    ["{{ with $x := .Message }}{{ $x }}{{ $.Message }}{{ end }}", "m", "mm"],
    ["{{ if and .Message (gt (len .Message) 2) }}long{{ end }}", "abc", "long"],
    ["a  {{- /* gone */ -}}  b", "", "ab"],
    ["a  {{- if true -}}  b  {{- end }} c", "", "ab c"],
    ["a {{/* {{ .Message }} */}} b", "m", "a  b"],
    ['{{ "}}" }}', "", "}}"],
    ["{{- 3 -}} x", "", "3x"],
    ["{{-3}}", "", "-3"],
    ["plain } text { with }} braces", "", "plain } text { with }} braces"],
  ])("%s with %j", (source, message, page) => {
    expect(render(source, message)).toBe(page);
  });

  test("pages include one another by file name, with the data that they are given", () => {
    const foot = "<i>{{ .Message }}{{ . }}</i>";
    expect(render('{{ template "foot.html" . }}', "m", { "foot.html": "[{{ .Message }}]" })).toBe("[m]");
    expect(render('{{ template "foot.html" }}', "m", { "foot.html": foot })).toBe("<i></i>");
    expect(render('{{ template "foot.html" .Message }}', "m", { "foot.html": foot })).toBe("<i>m</i>");
  });

  test("define and block name templates of their own", () => {
    expect(render('{{ define "a" }}[{{ .Message }}]{{ end }}{{ template "a" . }}{{ template "a" . }}', "m")).toBe(
      "[m][m]",
    );
    expect(render('{{ block "b" . }}({{ .Message }}){{ end }}', "m")).toBe("(m)");
  });
});

describe("what cannot be used is refused at the deploy, with file and line [A53]", () => {
  test.each([
    ["<p>\n\n{{ if }}x{{ end }}", "503.html:3: {{if}} lacks its condition"],
    ["{{ if .A }}", "503.html:1: {{if}} is not closed: {{end}} is missing"],
    ["\n{{ end }}", "503.html:2: {{end}} has nothing to belong to"],
    ["{{ else }}", "503.html:1: {{else}} has nothing to belong to"],
    ["{{ if .A }}{{ else }}{{ else }}{{ end }}", "503.html:1: a second {{else}}"],
    ["a\n{{ shout .Message }}", '503.html:2: unknown function "shout"'],
    ["{{ .Message | upper }}", '503.html:1: unknown function "upper"'],
    ["{{ range .Items }}x{{ end }}", "503.html:1: {{range}} is not supported in error pages"],
    ["{{ .Message ", "503.html:1: an action is not closed: }} is missing"],
    ["{{/* never", "503.html:1: a comment is not closed: */ is missing"],
    ["{{ }}", "503.html:1: an empty action"],
    ["{{ (1 }}", "503.html:1: a parenthesis is not closed"],
    ["{{ 1 | 2 }}", "503.html:1: only a function can stand behind |"],
    ["{{ .Message .Other }}", "503.html:1: .Message is no function and takes no argument"],
    ["{{ template foot }}", "503.html:1: a template's name must be a quoted text"],
    ["{{ .Message } }}", '503.html:1: cannot read "}"'],
    ['{{ "\\z" }}', "503.html:1: unknown escape \\z in a quoted text"],
    [`${"{{ if 1 }}".repeat(200)}${"{{ end }}".repeat(200)}`, "503.html:1: too many blocks within blocks"],
    [`{{ if 1 }}${"{{ else if 1 }}".repeat(50_000)}{{ end }}`, "503.html:1: too many blocks within blocks"],
    [`{{ ${"(".repeat(60)}1${")".repeat(60)} }}`, "503.html:1: too many parentheses within parentheses"],
  ])("%.60s", (source, reason) => {
    expect(refusal({ "404.html": "fine", "503.html": source })).toBe(`unable to load error pages: ${reason}`);
  });

  test("a set without any page [A54]", () => {
    expect(refusal({})).toBe("unable to load error pages: there is no .html file among them");
    expect(refusal({ "readme.txt": "x" })).toBe("unable to load error pages: there is no .html file among them");
  });
});

describe("what goes wrong later gives way to the built-in page, whole, and is told once", () => {
  test.each([
    ["first half{{ len 5 }}", "503.html: line 1: a text is needed"],
    ['\n{{ template "gone.html" . }}', '503.html: line 2: there is no template "gone.html"'],
    ["\n{{ template `503.html` . }}", "503.html: line 2: templates include one another too deeply"],
    ["{{ $missing }}", "503.html: line 1: there is no variable $missing"],
    ['{{ printf "%9999999d" 1 }}', "503.html: line 1: a printf width is larger than a page may be"],
    [
      "<script>x = `${ {{ .Message }} }`</script>",
      "503.html: line 1: a value stands where a script could be read in more than one way",
    ],
    ["<{{ .Message }}>", "503.html: line 1: a value cannot be the name of a tag or an attribute"],
    ["x".repeat(TEMPLATE_LIMITS.maxRenderedBytes + 1), "503.html: the page is larger than 196608 bytes"],
    ["é".repeat(TEMPLATE_LIMITS.maxRenderedBytes / 2 + 1), "503.html: the page is larger than 196608 bytes"],
    ["x".repeat(5 * 1024 * 1024), `503.html: its source is larger than ${TEMPLATE_LIMITS.maxSourceBytes} bytes`],
  ])("%.60s", (source, reason) => {
    const reasons: string[] = [];
    const pages = parsePages({ "503.html": source }, (page, why) => reasons.push(`${page}: ${why}`));
    for (const message of ["m", "n", undefined, undefined]) pages.render(503, message);
    expect(pages.render(503, "m")).toBeNull();
    expect(reasons).toEqual([reason]);
  });

  test("inclusion that doubles itself ends at the step limit, soon", () => {
    const files: Record<string, string> = { "40.html": "x" };
    for (let level = 0; level < 40; level++) {
      const next = `{{ template "${level + 1}.html" . }}`;
      files[`${level}.html`] = next + next;
    }
    const reasons: string[] = [];
    const pages = parsePages({ ...files, "503.html": '{{ template "0.html" . }}' }, (_, why) => reasons.push(why));
    expect(pages.render(503, undefined)).toBeNull();
    expect(reasons).toEqual(["the page takes too many steps"]);
  });

  test("a status without a page has none [A51]", () => {
    const pages = parsePages({ "503.html": "x", "foot.html": "y" });
    expect(pages.render(404, undefined)).toBeNull();
    expect(pages.render(503, undefined)?.toString()).toBe("x");
  });
});
