/** `env`: variables of a container, plain or secret. Config-schema §5. */
import * as z from "zod";
import { envName, secretName, word } from "../value-syntax.ts";
import { choice, hash, isHash, key, list, section, text } from "./types.ts";

const COMPLEX_KEYS = ["clear", "secret", "tags"];

const clear = () => hash(text(), envName);

/** `NAME`, or `NAME:SECRET_KEY` when the secret has another name. */
const secretEntry = () =>
  text((entry) => {
    const [name = "", secret, ...rest] = entry.split(":");
    if (rest.length > 0) return `should be NAME or NAME:SECRET_KEY: ${JSON.stringify(entry)}`;
    return envName(name) ?? (secret === undefined ? undefined : secretName(secret));
  });

const complexKeys = {
  clear: key(clear(), "Variables that anybody may see; they are part of the command line.", {
    RAILS_LOG_LEVEL: "info",
    WEB_CONCURRENCY: 2,
  }),
  secret: key(
    list(secretEntry()),
    "Names of variables whose values come from the secrets files: NAME, or NAME:SECRET_KEY where the secret is called otherwise. They travel in a file, never on a command line.",
    ["RAILS_MASTER_KEY", "DATABASE_URL:PRIMARY_DATABASE_URL"],
  ),
};

/** Plain variables only; a key that makes the long form is not one of them. */
const simple = () =>
  clear().refine((variables) => !isLong(variables), {
    error: "clear, secret and tags belong to the long form",
    abort: true,
  });

function isLong(variables: object): boolean {
  return COMPLEX_KEYS.some((name) => Object.hasOwn(variables, name));
}

function envOf<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  // Either form must rule the other out for good, or zod settles for the issues of the wrong one.
  const long = section(shape).refine(isLong, { error: "neither clear nor secret nor tags", abort: true });
  return choice([long, simple()], "should be a hash", (input) => (isHash(input) ? (isLong(input) ? 0 : 1) : undefined));
}

const noTags = (where: string) => z.never({ error: where }).optional();

/** Of an accessory or a role. */
export const roleEnv = envOf({ ...complexKeys, tags: noTags("tags are only allowed in the root env") });

const tagEnv = envOf({ ...complexKeys, tags: noTags("tags cannot hold tags") });

export const env = envOf({
  ...complexKeys,
  tags: key(hash(tagEnv, word), "Variables of the hosts that carry a tag, added to the ones above.", {
    canary: { FEATURE_FLAGS: "all" },
    eu: { clear: { REGION: "eu" }, secret: ["EU_API_KEY"] },
  }),
});

/** The shape of the long form, which the documentation shows. */
export const envSection = section({
  ...complexKeys,
  tags: key(hash(tagEnv, word), "Variables of the hosts that carry a tag, added to the ones above. Root level only.", {
    canary: { FEATURE_FLAGS: "all" },
  }),
});

export type EnvInput = z.output<typeof env>;
