/** Reads typed fields out of a JSON value of unknown origin, remembers which ones it was asked for, and words what is wrong. */
import { ProxyError } from "../errors.ts";
import { formatDurationMs } from "./go-duration.ts";
import { quote } from "./value-syntax.ts";

export type JsonObject = { readonly [key: string]: unknown };

/** Longer waits do not fit Node's timers, which would fire at once instead. */
export const MAX_DURATION_MS = 2 ** 31 - 1;

export class OptionFields {
  readonly #section: string;
  readonly #values: JsonObject;
  readonly #asked = new Set<string>();

  /** @param section names the options in messages: `service` gives `service options invalid: …` */
  constructor(section: string, value: unknown) {
    this.#section = section;
    if (!isJsonObject(value)) throw this.invalid("not an object");
    this.#values = value;
  }

  strings(key: string, fallback: readonly string[]): readonly string[] {
    const value = this.#take(key) ?? fallback;
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    throw this.invalid(`${key} must be a list of texts`);
  }

  string(key: string, fallback: string): string {
    const value = this.#take(key) ?? fallback;
    if (typeof value === "string") return value;
    throw this.invalid(`${key} must be a text`);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.#take(key) ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.invalid(`${key} must be true or false`);
  }

  /** Null when nobody has said either. */
  optionalBoolean(key: string): boolean | null {
    const value = this.#take(key) ?? null;
    if (value === null || typeof value === "boolean") return value;
    throw this.invalid(`${key} must be true or false`);
  }

  /** @param label the words of a message about it; limits are inclusive. */
  integer(key: string, fallback: number, range: { min: number; max: number; label: string }): number {
    const value = this.#take(key) ?? fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= range.min && value <= range.max) return value;
    throw this.invalid(`${range.label} must be between ${range.min} and ${range.max}, not ${shown(value)}`);
  }

  /** Milliseconds. `positive` refuses zero too, for waits that make no sense without any length. */
  durationMs(key: string, fallback: number, rule: { positive: boolean; label: string }): number {
    const value = this.#take(key) ?? fallback;
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.invalid(`${rule.label} must be a duration`);
    if (rule.positive && value <= 0) {
      throw this.invalid(`${rule.label} must be longer than 0s, not ${formatDurationMs(value)}`);
    }
    if (value < 0) throw this.invalid(`${rule.label} cannot be negative: ${formatDurationMs(value)}`);
    if (value > MAX_DURATION_MS) {
      throw this.invalid(
        `${rule.label} can be ${formatDurationMs(MAX_DURATION_MS)} at most, not ${formatDurationMs(value)}`,
      );
    }
    return value;
  }

  /** A nested record, `{}` when absent. */
  nested(key: string): unknown {
    return this.#take(key) ?? {};
  }

  /** An option that nobody asked for comes from a program that knows more than this one; ignoring it would mislead. */
  refuseUnknown(): void {
    const unknown = Object.keys(this.#values).find((key) => !this.#asked.has(key));
    if (unknown !== undefined) throw this.invalid(`unknown option ${quote(unknown)}`);
  }

  invalid(reason: string): ProxyError {
    return new ProxyError("invalid-options", `${this.#section} options invalid: ${reason}`);
  }

  #take(key: string): unknown {
    this.#asked.add(key);
    return Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
