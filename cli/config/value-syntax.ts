/**
 * What a value may look like that ends up in a command line, as a file name or as the address of a server: a text → why it is refused, or undefined.
 * Quoting is `remote/`'s work; this is the second wall, and the one that names the line.
 */
import { isIP } from "node:net";

export type Syntax = (text: string) => string | undefined;

/** One word for a command line or a log: neither blanks nor control characters, and never read as an option. */
export const word: Syntax = (text) => {
  if (text === "") return "should not be empty";
  if (text.startsWith("-")) return `should not begin with "-": ${shown(text)}`;
  return /[\s\p{Cc}]/u.test(text) ? `should not contain blanks or control characters: ${shown(text)}` : undefined;
};

/** `10.0.0.1`, `app.example.com`, `deploy@app:2222`, `fe80::1%eth0`, `[::1]:22`. */
export const host: Syntax = (text) => {
  const wrong = word(text);
  if (wrong !== undefined) return wrong;
  if (text.includes(",")) return `is one host, not a list: ${shown(text)}`;
  return /^(?:[\w.\\-]+@)?[A-Za-z0-9_[:][A-Za-z0-9_.:%[\]-]*$/.test(text) && !text.includes("@-")
    ? undefined
    : `is not a host name or address: ${shown(text)}`;
};

/** `[user@]host` of a jump host, several separated by commas. */
export const jumpHosts: Syntax = (text) =>
  text
    .split(",")
    .map(host)
    .find((wrong) => wrong !== undefined);

/** `repository[:tag][@digest]`, with or without a registry. */
export const image: Syntax = (text) =>
  word(text) ?? (/^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$/.test(text) ? undefined : `is not an image name: ${shown(text)}`);

/** A name that Docker takes for a container: roles, accessories and their services become part of one. */
export const containerName: Syntax = (text) =>
  /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text)
    ? undefined
    : `should be letters, digits, hyphens, underscores or dots, and begin with a letter or digit: ${shown(text)}`;

/** A destination is part of file names, container names and labels. */
export const destination: Syntax = (text) =>
  containerName(text) === undefined && !text.includes("..")
    ? undefined
    : (containerName(text) ?? "should not contain ..");

/** A variable's name. Dots and dashes are no shell's idea of a name, but Docker takes them. */
export const envName: Syntax = (text) =>
  /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) ? undefined : `is not a name for a variable: ${shown(text)}`;

/** A label's key: reverse DNS, and what Traefik and others put there. */
export const labelKey: Syntax = (text) =>
  /^[A-Za-z0-9_][A-Za-z0-9_./@:[\]-]*$/.test(text) ? undefined : `is not a label key: ${shown(text)}`;

/** The long name of a docker option, without its dashes. */
export const optionName: Syntax = (text) =>
  /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(text) ? undefined : `is not an option name: ${shown(text)}`;

/** Text of one line: it may hold blanks and shell characters, for the shell of the server to read. */
export const line: Syntax = (text) =>
  /[\p{Cc}]/u.test(text.replaceAll("\t", "")) ? "should be one line of text" : undefined;

/** One line that is never taken for an option. */
export const argument: Syntax = (text) =>
  text.startsWith("-") ? `should not begin with "-": ${shown(text)}` : text === "" ? "should not be empty" : line(text);

export const ipAddress: Syntax = (text) => (isIP(text) > 0 ? undefined : `is not an IP address: ${shown(text)}`);

/** A name to look a secret up by. */
export const secretName: Syntax = (text) =>
  /^[\w.]+$/.test(text) ? undefined : `is not the name of a secret: ${shown(text)}`;

/** Quoted and bounded: a refused value may hold anything. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
