/** What the demo's application says on the wire, and how a reader checks that an answer is whole and from one version. */

export interface Identity {
  version: string;
  pid: number;
}

export interface Page extends Identity {
  bytes?: number;
  sha256?: string;
  /** The version many times over, so that an answer pieced together from two versions cannot go unseen. */
  stamps: string;
}

export const linesPerSecond = 50;
const stampsPerPage = 200;
const downloadLineBytes = 4_096;

export function pageOf(facts: Identity & { bytes?: number; sha256?: string }): string {
  return JSON.stringify({ ...facts, stamps: stampsOf(facts.version) } satisfies Page);
}

/** Throws with a sentence unless the text is one whole page whose every stamp is of its version. */
export function readPage(text: string): Page {
  const page = JSON.parse(text) as Page;
  if (page.stamps !== stampsOf(page.version)) throw new Error("the answer mixes versions or is cut");
  return page;
}

export function lineOfDownload({ version, pid }: Identity, number: number): string {
  return `${version} ${pid} ${number} `.padEnd(downloadLineBytes - 1, version).concat("\n");
}

function stampsOf(version: string): string {
  return `${version} `.repeat(stampsPerPage);
}
