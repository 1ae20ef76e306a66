/** A service's own error pages: its HTML templates by file name, parsed once; rendered whole, or not at all. */
import { ProxyError } from "../errors.ts";
import { TEMPLATE_LIMITS } from "../limits.ts";
import { renderTemplate } from "./template/render-template.ts";
import { TemplateError } from "./template/template-error.ts";
import { parseTemplate, type Template } from "./template/template-tree.ts";

/** Told once of each page that could not be shown. */
export type PageFailure = (page: string, reason: string) => void;

/**
 * Parses all `files` (name → source) as one set: they may include one another by file name.
 * @throws ProxyError `error-pages-unusable`; its hint names file, line and what is wrong there
 */
export function parsePages(files: Readonly<Record<string, string>>, onFailure: PageFailure = () => {}): CustomPages {
  const names = Object.keys(files)
    .filter((name) => name.endsWith(".html"))
    .sort();
  if (names.length === 0) throw unusable("there is no .html file among them");
  const templates = new Map<string, Template>();
  const oversized = new Set<string>();
  for (const name of names) {
    const source = files[name] as string;
    if (source.length > TEMPLATE_LIMITS.maxSourceBytes) {
      oversized.add(name);
      continue;
    }
    try {
      parseTemplate(name, source, templates);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw unusable(`${name}:${error.line}: ${error.message}`);
    }
  }
  return new CustomPages(templates, oversized, onFailure);
}

export class CustomPages {
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #oversized: ReadonlySet<string>;
  readonly #onFailure: PageFailure;
  /** Pages without a message never change; null is one that cannot be shown. */
  readonly #plain = new Map<number, Buffer | null>();
  readonly #reported = new Set<string>();
  /** The page shown last with a message: it is the same for everybody until the message changes. */
  #latest: { readonly status: number; readonly message: string; readonly page: Buffer | null } | null = null;

  constructor(templates: ReadonlyMap<string, Template>, oversized: ReadonlySet<string>, onFailure: PageFailure) {
    this.#templates = templates;
    this.#oversized = oversized;
    this.#onFailure = onFailure;
  }

  /** The page for a status, UTF-8; null when there is none, or none that can be shown: the built-in one serves then. */
  render(status: number, message: string | undefined): Buffer | null {
    if (message !== undefined) {
      if (this.#latest?.status !== status || this.#latest.message !== message) {
        this.#latest = { status, message, page: this.#render(status, message) };
      }
      return this.#latest.page;
    }
    let page = this.#plain.get(status);
    if (page === undefined) {
      page = this.#render(status, undefined);
      this.#plain.set(status, page);
    }
    return page;
  }

  #render(status: number, message: string | undefined): Buffer | null {
    const name = `${status}.html`;
    if (this.#oversized.has(name)) {
      this.#report(name, `its source is larger than ${TEMPLATE_LIMITS.maxSourceBytes} bytes`);
      return null;
    }
    if (!this.#templates.has(name)) return null;
    try {
      return renderTemplate(this.#templates, name, message === undefined ? undefined : { Message: message });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#report(name, error.line === 0 ? error.message : `line ${error.line}: ${error.message}`);
      return null;
    }
  }

  #report(name: string, reason: string): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    this.#onFailure(name, reason);
  }
}

function unusable(hint: string): ProxyError {
  return new ProxyError("error-pages-unusable", "unable to load error pages", { hint });
}
