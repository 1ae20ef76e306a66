/** Text → the columns that it takes on a terminal, and its beginning that fits into so many. */
import { stripVTControlCharacters } from "node:util";

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

export function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (/^[ -~]*$/.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of segmenter.segment(plain)) width += segmentWidth(segment);
  return width;
}

/** Plain text only, no colours; what is cut off is an ellipsis. */
export function fitted(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += segmentWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

const WIDE_SCRIPTS =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;

/** East Asian letters and emoji take two columns. */
function segmentWidth(segment: string): number {
  if (/^[\p{Mark}\p{Cf}]/u.test(segment)) return 0;
  return WIDE_SCRIPTS.test(segment) || /^\p{Emoji_Presentation}|\ufe0f/u.test(segment) ? 2 : 1;
}
