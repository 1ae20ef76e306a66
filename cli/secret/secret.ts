/** A value that must not be seen: it redacts itself wherever it is printed by mistake, and is read by `reveal()` only. */

export const REDACTED = "[REDACTED]";

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value, byte for byte. For standard input and files of remote commands, never for their arguments. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** What `util.inspect`, and with it every logger and stack trace, prints. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
