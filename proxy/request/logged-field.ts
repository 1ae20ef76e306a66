/** Fields that an operator wants to see in the access log: their names → keys of the line, and what of a value may be seen. */

export type LoggedField = {
  /** Lower case. */
  readonly name: string;
  /** `req_…` or `resp_…`, unlike any other key of the line. */
  readonly key: string;
  /** Its values let their reader act as the user: the log says only that there was one. */
  readonly secret: boolean;
};

/** Fields whose values are credentials. They are logged as `[redacted]`. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "api-key",
  "apikey",
  "authorization",
  "cookie",
  "cookie2",
  "proxy-authorization",
  "set-cookie",
  "set-cookie2",
  "x-access-token",
  "x-amz-security-token",
  "x-api-key",
  "x-api-token",
  "x-auth-key",
  "x-auth-token",
  "x-authorization",
  "x-csrf-token",
  "x-forwarded-access-token",
  "x-forwarded-authorization",
  "x-gitlab-token",
  "x-goog-iap-jwt-assertion",
  "x-session-token",
  "x-vault-token",
  "x-xsrf-token",
]);

const REDACTED = "[redacted]";

/** Keys that every line has. A field that would repeat one is told apart by a suffix: two equal keys are one too many. */
const KEYS_OF_EVERY_LINE: ReadonlySet<string> = new Set([
  "req_content_length",
  "req_content_type",
  "resp_content_length",
  "resp_content_type",
]);

/** @param names as given, in any case; repeated ones count once */
export function loggedFields(prefix: "req" | "resp", names: readonly string[]): LoggedField[] {
  const fields = new Map<string, LoggedField>();
  for (const given of names) {
    const name = given.toLowerCase();
    const plain = `${prefix}_${name.replaceAll("-", "_")}`;
    const key = KEYS_OF_EVERY_LINE.has(plain) ? `${plain}_header` : plain;
    if (!fields.has(key)) fields.set(key, { name, key, secret: SECRET_FIELDS.has(name) });
  }
  return [...fields.values()];
}

/** What the log shows: repeated values are joined already, an absent field is empty. */
export function loggedValue(field: LoggedField, value: string | undefined): string {
  if (value === undefined || value === "") return "";
  return field.secret ? REDACTED : value;
}
