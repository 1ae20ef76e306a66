/** A directory of custom error pages → their texts, read once and checked whole before anything is switched. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ProxyError } from "../errors.ts";
import { TEMPLATE_LIMITS } from "../limits.ts";
import { parsePages } from "../response/page-template.ts";

/** By file name, such as `503.html`. */
export type ErrorPages = Readonly<Record<string, string>>;

const { maxFiles, maxSourceBytes, maxAllSourcesBytes } = TEMPLATE_LIMITS;

/**
 * Every `*.html` directly in `path`, which is relative to the working directory; null when `path` is empty.
 * @throws ProxyError `error-pages-unusable`, with the file, the line and the reason as its hint. Source: proxy-behaviour §7.9.
 */
export async function loadErrorPages(path: string): Promise<ErrorPages | null> {
  if (path === "") return null;
  try {
    const pages = await readPages(path);
    // The data plane parses them for itself; here it is found out in time whether it can.
    parsePages(pages);
    return pages;
  } catch (error) {
    const reason = error instanceof ProxyError ? error.hint : (error as Error).message;
    throw new ProxyError("error-pages-unusable", "unable to load error pages", {
      hint: `--error-pages ${path}: ${reason}`,
      cause: error,
    });
  }
}

async function readPages(path: string): Promise<ErrorPages> {
  const names = (await readdir(path)).filter((name) => name.endsWith(".html")).sort();
  if (names.length === 0) throw new Error("there is no file that ends in .html");
  if (names.length > maxFiles) throw new Error(`there are ${names.length} pages, at most ${maxFiles} are taken`);
  const pages: Record<string, string> = {};
  let total = 0;
  for (const name of names) {
    const file = await stat(join(path, name));
    // Reading from a pipe of that name might never end, and a restart with it.
    if (!file.isFile()) throw new Error(`${name} is not a file`);
    const { size } = file;
    total += size;
    if (size > maxSourceBytes) throw new Error(`${name} has ${size} bytes, a page can have ${maxSourceBytes}`);
    if (total > maxAllSourcesBytes) throw new Error(`the pages have more than ${maxAllSourcesBytes} bytes together`);
    pages[name] = await readFile(join(path, name), "utf8");
  }
  return pages;
}
