/** AWS Secrets Manager: secrets by name or ARN, and the values in those that are JSON objects, through `aws`. Source: cli-commands §11. */
import { SECRET_LIMITS } from "../limits.ts";
import { type Adapter, pathsOf } from "./adapter.ts";
import { adapterFailed, notFound } from "./failure.ts";
import { isObject, type JsonObject, objectIn, parseJson, rowsIn, textIn } from "./json.ts";

export const adapter: Adapter = {
  program: {
    name: "aws",
    version: ["--version"],
    install: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  },
  // A profile.
  account: "optional",
  async fetch(question) {
    const { account } = question;
    const aws = question.open("aws");
    const paths = pathsOf(question);
    const values = new Map<string, string>();
    for (let at = 0; at < paths.length; at += SECRET_LIMITS.maxAwsNames) {
      const batch = paths.slice(at, at + SECRET_LIMITS.maxAwsNames);
      const profile = account === "" ? [] : ["--profile", account];
      const args = ["secretsmanager", "batch-get-secret-value", "--secret-id-list", ...batch, ...profile];
      const answer = objectIn(await aws.askJson([...args, "--output", "json"]), "aws secretsmanager");
      for (const secret of secretsIn(answer, batch))
        for (const [key, value] of valuesOf(secret)) values.set(key, value);
    }
    return values;
  },
};

/** In the order asked for. */
function secretsIn({ SecretValues, Errors }: JsonObject, asked: readonly string[]): JsonObject[] {
  const errors = rowsIn(Errors ?? [], "aws secretsmanager");
  if (errors.length > 0) {
    const lines = errors.map(({ SecretId, ErrorCode, Message }) =>
      [textIn(SecretId), textIn(ErrorCode), textIn(Message)].filter((part) => part !== undefined).join(": "),
    );
    throw adapterFailed(`AWS Secrets Manager refuses:\n  ${lines.join("\n  ")}`);
  }
  const secrets = rowsIn(SecretValues ?? [], "aws secretsmanager");
  return asked.map((id) => {
    const found = secrets.find(({ Name, ARN }) => Name === id || ARN === id || textIn(ARN)?.startsWith(`${id}-`));
    if (found === undefined) throw notFound(id, "AWS Secrets Manager");
    return found;
  });
}

function valuesOf({ Name, SecretString, SecretBinary }: JsonObject): (readonly [string, string])[] {
  const name = textIn(Name) ?? "";
  if (typeof SecretString !== "string") {
    const bytes = typeof SecretBinary === "string" ? Buffer.from(SecretBinary, "base64") : Buffer.of(0xff);
    try {
      return [[name, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)]];
    } catch {
      throw adapterFailed(`${name} in AWS Secrets Manager is no text`, "store what is binary as base64");
    }
  }
  const fields = fieldsIn(SecretString, name);
  if (fields === undefined) return [[name, SecretString]];
  return Object.entries(fields).map(([key, value]) => [`${name}/${key}`, textIn(value) ?? ""] as const);
}

/** Undefined for what is plain text, even if it is a list or a number. */
function fieldsIn(text: string, name: string): JsonObject | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    const value = parseJson(text, name);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
