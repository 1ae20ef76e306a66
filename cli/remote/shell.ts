/** Texts that become part of one line of POSIX shell: a value in, its quoted form out. Nothing else in the tool quotes. */
import { KdeployError } from "../errors.ts";

/** `$` where a variable of the server is meant: `${NAME}`, `${NAME:-default}`, `${#NAME}`. */
const LIVE = /\$(?=\{#?(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+)(?:\}|[-:=?+%#^,/@[][^}]*\}))/y;

/** A literal: the shell hands on exactly this text as one word, whatever it holds. */
export function quote(text: string): string {
  return `'${withoutNul(text).replaceAll("'", "'\\''")}'`;
}

/**
 * The same in double quotes, with `${NAME}` left for the server's shell to fill in; what looks like one but is none
 * (`${`, `${}`), and every other `$`, is literal. Newlines, tabs and characters beyond ASCII are handed on as they are.
 */
export function quoteLive(text: string): string {
  const escaped = withoutNul(text).replace(/[\\"`]/g, "\\$&");
  let quoted = "";
  let from = 0;
  for (let at = escaped.indexOf("$"); at !== -1; at = escaped.indexOf("$", at + 1)) {
    LIVE.lastIndex = at;
    if (!LIVE.test(escaped)) {
      quoted += `${escaped.slice(from, at)}\\`;
      from = at;
    }
  }
  return `"${quoted}${escaped.slice(from)}"`;
}

/** No shell, argument or variable can hold this character; cut short, the value would be another one. */
function withoutNul(text: string): string {
  if (!text.includes("\0")) return text;
  throw new KdeployError("config-invalid", "A value with a NUL character cannot be handed to a command.", {
    exitClass: "configuration",
    hint: "Binary values need a text form, such as base64.",
  });
}
