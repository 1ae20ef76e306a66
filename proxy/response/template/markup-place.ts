/** Where in a page the text so far ends, followed character by character; and how a value is shown there safely. */
import {
  escapeHtml,
  escapeQuery,
  escapeScript,
  escapeStyle,
  escapeUnquoted,
  escapeUrl,
  escapeUrlPart,
  isSafeScheme,
} from "./escape-text.ts";
import { ScriptPlace } from "./script-place.ts";
import { textOf, type Value } from "./template-value.ts";

const TEXT = 0;
const TAG_OPEN = 1;
const TAG_NAME = 2;
const IN_TAG = 3;
const ATTRIBUTE_NAME = 4;
const BEFORE_VALUE = 5;
const VALUE = 6;
const DECLARATION = 7;
const COMMENT = 8;
/** Inside an element whose content is no markup. */
const RAW = 9;
const PLAINTEXT = 10;

const BLANK = /[\t\n\f\r ]/;
/** Elements whose content ends at their end tag and nowhere else. */
const RAW_ELEMENTS = new Set(["script", "style", "textarea", "title", "iframe", "xmp", "noembed", "noframes"]);
const URL_ATTRIBUTES =
  /^(?:action|archive|background|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|ping|poster|profile|usemap|xmlns)$|src|uri|url/;

/** @throws Error where no value can be shown safely */
export class MarkupPlace {
  #state = TEXT;
  #name = "";
  #endTag = false;
  /** Name of the element whose raw content this is. */
  #element = "";
  #attribute = "";
  #quote = "";
  /** The attribute's value so far. */
  #value = "";
  #script: ScriptPlace | null = null;
  #tail = "";

  feed(text: string): void {
    for (const character of text) this.#step(character);
  }

  /** The value as it is to be shown here. */
  show(value: Value): string {
    switch (this.#state) {
      case TEXT:
      case PLAINTEXT:
        return escapeHtml(textOf(value));
      case COMMENT:
      case DECLARATION:
        return "";
      case RAW:
        return this.#showRaw(value);
      case BEFORE_VALUE:
      case VALUE:
        return this.#showAttribute(value);
      default:
        if (textOf(value) === "") return "";
        throw new Error("a value cannot be the name of a tag or an attribute");
    }
  }

  #showRaw(value: Value): string {
    if (this.#script !== null) return showInScript(this.#script, value);
    this.#tail = "";
    return this.#element === "style" ? escapeStyle(textOf(value)) : escapeHtml(textOf(value));
  }

  #showAttribute(value: Value): string {
    const text = textOf(value);
    const shown = this.#inAttribute(value, text);
    if (this.#state === BEFORE_VALUE && shown !== "") this.#beginValue("");
    this.#value += shown;
    // A quote may be closed by itself only: what is shown is escaped for the outside, too.
    return this.#quote === "" ? escapeUnquoted(shown) : escapeHtml(shown);
  }

  /** Escaped for what the attribute is for, not yet for being an attribute. */
  #inAttribute(value: Value, text: string): string {
    const name = this.#attribute;
    if (name.startsWith("on")) return showInScript((this.#script ??= new ScriptPlace()), value);
    if (name === "style") return escapeStyle(text);
    if (name === "srcdoc") return escapeHtml(text);
    if (name.endsWith("srcset")) return escapeQuery(text);
    return URL_ATTRIBUTES.test(name.replace(/^(?:data-|xlink:)/, "")) ? urlPart(this.#value, text) : text;
  }

  #step(character: string): void {
    switch (this.#state) {
      case TEXT:
        if (character === "<") this.#state = TAG_OPEN;
        break;
      case TAG_OPEN:
        this.#afterLess(character);
        break;
      case TAG_NAME:
        if (character === ">" || character === "/" || BLANK.test(character)) this.#inTag(character);
        else this.#name += character.toLowerCase();
        break;
      case IN_TAG:
        this.#inTag(character);
        break;
      case ATTRIBUTE_NAME:
        this.#inAttributeName(character);
        break;
      case BEFORE_VALUE:
        if (BLANK.test(character)) break;
        if (character === ">") this.#endOfTag();
        else if (character === '"' || character === "'") this.#beginValue(character);
        else {
          this.#beginValue("");
          this.#inValue(character);
        }
        break;
      case VALUE:
        this.#inValue(character);
        break;
      case DECLARATION:
        this.#tail += character;
        if (this.#tail === "--") this.#state = COMMENT;
        else if (character === ">") this.#state = TEXT;
        break;
      case COMMENT:
        this.#tail = this.#tail.slice(-3) + character;
        if (this.#tail.endsWith("-->") || this.#tail.endsWith("--!>")) this.#state = TEXT;
        break;
      case RAW:
        this.#inRaw(character);
        break;
      default:
    }
  }

  #afterLess(character: string): void {
    if (character === "/" && !this.#endTag) {
      this.#endTag = true;
      return;
    }
    const ending = this.#endTag;
    this.#endTag = false;
    if (/[A-Za-z]/.test(character)) {
      this.#state = TAG_NAME;
      this.#name = (ending ? "/" : "") + character.toLowerCase();
    } else if (character === "!" || character === "?" || ending) {
      this.#state = character === ">" ? TEXT : DECLARATION;
      // Only `<!--` begins a comment.
      this.#tail = character === "!" && !ending ? "" : "?";
    } else {
      this.#state = character === "<" ? TAG_OPEN : TEXT;
    }
  }

  #inTag(character: string): void {
    this.#state = IN_TAG;
    if (character === ">") {
      this.#endOfTag();
    } else if (character !== "/" && !BLANK.test(character)) {
      this.#state = ATTRIBUTE_NAME;
      this.#attribute = character.toLowerCase();
      this.#tail = "";
    }
  }

  #inAttributeName(character: string): void {
    // Blanks may stand between name and `=`.
    if (character === "=") this.#state = BEFORE_VALUE;
    else if (character === ">" || character === "/") this.#inTag(character);
    else if (BLANK.test(character)) this.#tail = " ";
    else if (this.#tail === " ") this.#inTag(character);
    else this.#attribute += character.toLowerCase();
  }

  #beginValue(quote: string): void {
    this.#state = VALUE;
    this.#quote = quote;
    this.#value = "";
    this.#script = this.#attribute.startsWith("on") ? (this.#script ?? new ScriptPlace()) : null;
  }

  #inValue(character: string): void {
    if (this.#quote === "" ? BLANK.test(character) || character === ">" : character === this.#quote) {
      this.#script = null;
      this.#quote = "";
      this.#inTag(character === ">" ? ">" : " ");
      return;
    }
    this.#value += character;
    // What an entity stands for is not worked out here.
    if (character === "&") this.#script?.lose();
    this.#script?.feed(character);
  }

  #endOfTag(): void {
    this.#script = null;
    this.#tail = "";
    this.#state = TEXT;
    if (this.#name === "plaintext") this.#state = PLAINTEXT;
    if (!RAW_ELEMENTS.has(this.#name)) return;
    this.#state = RAW;
    this.#element = this.#name;
    if (this.#name === "script") this.#script = new ScriptPlace();
  }

  #inRaw(character: string): void {
    const end = `</${this.#element}`;
    if (this.#tail === end && (character === ">" || character === "/" || BLANK.test(character))) {
      this.#script = null;
      this.#name = end.slice(1);
      this.#inTag(character);
      return;
    }
    this.#tail = (this.#tail + character.toLowerCase()).slice(-end.length);
    this.#script?.feed(character);
  }
}

function showInScript(script: ScriptPlace, value: Value): string {
  const { spot } = script;
  let shown = "";
  if (spot === "lost") throw new Error("a value stands where a script could be read in more than one way");
  if (spot === "quoted") shown = escapeScript(textOf(value));
  else if (spot === "code") shown = scriptValue(value);
  script.shown(shown);
  return shown;
}

/** A value that is an expression of its own, apart from its neighbours. */
function scriptValue(value: Value): string {
  if (value === undefined) return " null ";
  if (typeof value === "number" || typeof value === "boolean") return ` ${value} `;
  return `"${escapeScript(textOf(value))}"`;
}

/** A piece of an address behind `before`. */
function urlPart(before: string, text: string): string {
  const start = before.trimStart();
  if (start === "") return escapeUrl(text);
  const [, scheme, delimiter] = /^([^/:&?#]*)([/:&?#]?)/.exec(start) as unknown as [string, string, string];
  // What an entity stands for is not worked out here, either.
  if (delimiter === "&" || (delimiter === ":" && !isSafeScheme(scheme))) {
    throw new Error("a value stands in an address that may run as a script");
  }
  // Without a delimiter, a scheme could still come about if `:` were let through.
  return delimiter === "" || /[?#]/.test(start) ? escapeQuery(text) : escapeUrlPart(text);
}
