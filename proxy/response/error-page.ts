/** The built-in error pages: status and message → one readable, self-contained HTML document. Our own design. */
import { REASON_PHRASES } from "../http1/reason-phrases.ts";

type Wording = { readonly title: string; readonly text: string };

const WORDINGS: Readonly<Record<number, Wording>> = {
  400: { title: "Bad Request", text: "The server could not understand this request." },
  404: { title: "Not Found", text: "There is nothing at this address." },
  408: { title: "Request Timeout", text: "The request took too long to arrive. Please try again." },
  413: { title: "Content Too Large", text: "What you sent is larger than the server accepts." },
  414: { title: "URI Too Long", text: "This address is longer than the server accepts." },
  417: { title: "Expectation Failed", text: "The server cannot meet what this request expects of it." },
  431: {
    title: "Request Header Fields Too Large",
    text: "The headers of this request are larger than the server accepts.",
  },
  500: { title: "Internal Server Error", text: "Something went wrong on the server." },
  501: { title: "Not Implemented", text: "The server does not support this kind of request." },
  502: { title: "Bad Gateway", text: "The application did not give a valid answer. Please try again in a moment." },
  503: {
    title: "Service Temporarily Unavailable",
    text: "The service is not available at the moment. Please try again in a little while.",
  },
  504: { title: "Gateway Timeout", text: "The application took too long to answer. Please try again." },
  505: { title: "HTTP Version Not Supported", text: "The server does not speak this version of HTTP." },
  507: { title: "Insufficient Storage", text: "The server has no room for what you sent. Please try again later." },
};

const pages = new Map<number, Buffer>();

/** The page for a status, UTF-8. With a `message` that replaces the standard sentence; it is escaped, not trusted. */
export function errorPage(status: number, message: string | undefined): Buffer {
  if (message !== undefined && message !== "") return render(status, message);
  let page = pages.get(status);
  if (!page) {
    page = render(status, undefined);
    pages.set(status, page);
  }
  return page;
}

function render(status: number, message: string | undefined): Buffer {
  const wording = WORDINGS[status] ?? {
    title: REASON_PHRASES[status] ?? `Error ${status}`,
    text: "The request could not be completed.",
  };
  return Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${status} — ${wording.title}</title>
<style>
:root { color-scheme: light dark; --paper: #fbfaf8; --ink: #1d2327; --soft: #59636b; --mark: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191b; --ink: #eceff1; --soft: #a5b0b7; --mark: #f0955a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem; background: var(--paper); color: var(--ink); font: 1.125rem/1.6 system-ui, sans-serif; }
main { max-width: 36rem; border-inline-start: .375rem solid var(--mark); padding-inline-start: 1.75rem; }
.status { margin: 0; font-weight: 600; letter-spacing: .08em; color: var(--mark); }
h1 { margin: .25rem 0 .75rem; font-size: clamp(1.75rem, 6vw, 2.75rem); line-height: 1.15; text-wrap: balance; }
p { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
<p class="status">${status}</p>
<h1>${wording.title}</h1>
<p>${message === undefined ? wording.text : escapeHtml(message)}</p>
</main>
</body>
</html>
`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}
