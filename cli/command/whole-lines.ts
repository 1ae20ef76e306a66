/** Pieces of a program's messages → whole lines, because a secret that is cut in two is not recognized; prompts come through, too. */

/** A prompt has no newline: what has waited for one for so long is shown without. */
const QUIET_MS = 50;
/** Characters of a line that are held back. */
const MAX_LINE_LENGTH = 64 * 1024;

export class WholeLines {
  readonly #show: (text: string) => void;
  #rest = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  add(text: string): void {
    clearTimeout(this.#timer);
    const all = this.#rest + text;
    const end = all.length > MAX_LINE_LENGTH ? all.length : all.lastIndexOf("\n") + 1;
    this.#rest = all.slice(end);
    if (end > 0) this.#show(all.slice(0, end));
    if (this.#rest !== "") this.#timer = setTimeout(() => this.flush(), QUIET_MS);
  }

  /** Nothing more comes. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#rest !== "") this.#show(this.#rest);
    this.#rest = "";
  }
}
