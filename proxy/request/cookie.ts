/** A Cookie field and a name → that cookie's value. Source: RFC 6265 §4.2; proxy-behaviour §6. */

/**
 * The value of the first usable cookie called `name` (case counts), without the quotes that may stand around it;
 * undefined when there is none. A value with characters that no cookie may have is as good as absent.
 * @param field latin1 text; several Cookie lines are joined with `; `
 */
export function cookieValue(field: string, name: string): string | undefined {
  for (let start = 0; start < field.length; ) {
    const semicolon = field.indexOf(";", start);
    const end = semicolon === -1 ? field.length : semicolon;
    const equals = field.indexOf("=", start);
    if (equals !== -1 && equals < end && field.slice(start, equals).trim() === name) {
      const value = unquoted(field.slice(equals + 1, end).trim());
      if (COOKIE_VALUE.test(value)) return value;
    }
    start = end + 1;
  }
  return undefined;
}

/** Visible ASCII and blanks, without quotes and backslashes. */
const COOKIE_VALUE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
