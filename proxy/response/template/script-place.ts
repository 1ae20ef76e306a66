/** Where in a script the text so far ends: in code, a quoted text, a comment; or lost, and then no value may be shown. */

const CODE = 0;
const DOUBLE_QUOTED = 1;
const SINGLE_QUOTED = 2;
const LITERAL = 3;
const LINE_COMMENT = 4;
const BLOCK_COMMENT = 5;
const REGEX = 6;
const REGEX_CLASS = 7;
/** After a `/` in code: a comment, a division, or the start of an expression. */
const SLASH = 8;

export type ScriptSpot = "code" | "quoted" | "comment" | "lost";

const WORD = /[\w$\u0080-\uffff]/;
const BEFORE_REGEX = new Set("(,=:[!&|?{;*%~^<>");
const WORDS_BEFORE_REGEX = /^(?:return|typeof|case|do|else|in|instanceof|new|void|delete|throw|await|yield|of)$/;
/** These begin or end comments of old within scripts, or make their end uncertain. */
const OLD_COMMENT = /<!--|-->/;
const LINE_END = /[\n\r\u2028\u2029]/;

/** Knows as much of the language as that takes. Whatever is ambiguous makes it lost, which is safe. */
export class ScriptPlace {
  #state = CODE;
  #escaped = false;
  #lost = false;
  /** The last character of code that is no blank; and the word that it ends, if it does. */
  #last = "";
  #word = "";
  #inWord = false;
  /** The last few characters, whatever they were. */
  #tail = "";

  get spot(): ScriptSpot {
    if (this.#lost) return "lost";
    switch (this.#state) {
      case CODE:
        return "code";
      case DOUBLE_QUOTED:
      case SINGLE_QUOTED:
        return "quoted";
      case LINE_COMMENT:
      case BLOCK_COMMENT:
        return "comment";
      default:
        return "lost";
    }
  }

  /** Nothing that follows can be told any more. */
  lose(): void {
    this.#lost = true;
  }

  /** A value was shown here. */
  shown(text: string): void {
    if (text !== "") this.#escaped = false;
    if (this.#state === CODE) this.#codeWas("x");
  }

  feed(character: string): void {
    if (this.#lost) return;
    this.#tail = this.#tail.slice(-3) + character;
    if (OLD_COMMENT.test(this.#tail)) this.#lost = true;
    switch (this.#state) {
      case CODE:
        this.#code(character);
        break;
      case SLASH:
        this.#afterSlash(character);
        break;
      case LINE_COMMENT:
        if (LINE_END.test(character)) this.#state = CODE;
        break;
      case BLOCK_COMMENT:
        if (this.#tail.endsWith("*/")) this.#state = CODE;
        break;
      default:
        this.#quoted(character);
    }
  }

  #code(character: string): void {
    if (character === '"') this.#state = DOUBLE_QUOTED;
    else if (character === "'") this.#state = SINGLE_QUOTED;
    else if (character === "`") this.#state = LITERAL;
    else if (character === "/") this.#state = SLASH;
    else this.#codeWas(character);
  }

  #codeWas(character: string): void {
    if (WORD.test(character)) {
      this.#word = this.#inWord ? this.#word + character : character;
      this.#inWord = true;
      this.#last = character;
      return;
    }
    this.#inWord = false;
    if (/\s/.test(character)) return;
    this.#last = character;
    this.#word = "";
  }

  #afterSlash(character: string): void {
    if (character === "/") {
      this.#state = LINE_COMMENT;
    } else if (character === "*") {
      this.#state = BLOCK_COMMENT;
      this.#tail = "";
    } else if (this.#last === "" || BEFORE_REGEX.has(this.#last) || WORDS_BEFORE_REGEX.test(this.#word)) {
      this.#state = REGEX;
      this.#quoted(character);
    } else if (this.#last === "]" || WORD.test(this.#last)) {
      this.#state = CODE;
      this.#codeWas("/");
      this.#code(character);
    } else {
      // Behind `)`, `}`, `+`… it could be either.
      this.#lost = true;
    }
  }

  #quoted(character: string): void {
    if (this.#escaped) {
      this.#escaped = false;
    } else if (character === "\\") {
      this.#escaped = true;
    } else if (this.#state === LITERAL) {
      if (character === "`") this.#closed();
      // Code within a text within code.
      else if (this.#tail.endsWith("${")) this.#lost = true;
    } else if (character === "\n" || character === "\r") {
      // No text and no expression goes over a line's end: it was something else.
      this.#lost = true;
    } else if (this.#state === REGEX_CLASS) {
      if (character === "]") this.#state = REGEX;
    } else if (this.#state === REGEX && character === "[") {
      this.#state = REGEX_CLASS;
    } else if (character === this.#closer()) {
      this.#closed();
    }
  }

  #closer(): string {
    if (this.#state === REGEX) return "/";
    return this.#state === DOUBLE_QUOTED ? '"' : "'";
  }

  /** What has ended is a value: a `/` behind it divides. */
  #closed(): void {
    this.#state = CODE;
    this.#last = "x";
    this.#word = "";
    this.#inWord = false;
  }
}
