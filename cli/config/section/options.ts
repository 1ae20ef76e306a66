/** `options`: flags of `docker run` by their long names, and the build's `args`. */
import * as z from "zod";
import { line, optionName } from "../value-syntax.ts";
import { choice, hash, list, text } from "./types.ts";

const one = () => z.union([z.string().superRefine(oneLine), z.number(), z.boolean(), z.null()]);

const value = () =>
  choice([one(), list(one())], "should be a value or an array of values", (input) =>
    Array.isArray(input) ? 1 : typeof input === "object" ? undefined : 0,
  );

function oneLine(input: string, context: z.core.$RefinementCtx<string>): void {
  const message = line(input);
  if (message !== undefined) context.addIssue({ code: "custom", message, input });
}

/** `true` is a bare flag, a list repeats it, any other value follows it. */
export const options = () => hash(value(), optionName);

const RESTART = /^(?:no|always|unless-stopped|on-failure(?::[0-9]+)?)$/;

/** The same, with the check of `restart` that roles and accessories have. */
export const containerOptions = () =>
  options().superRefine((flags, context) => {
    const restart = flags["restart"];
    if (!Object.hasOwn(flags, "restart") || (typeof restart === "string" && RESTART.test(restart))) return;
    const message =
      typeof restart === "boolean"
        ? 'should be a string: put "no" in quotes, YAML takes it for a boolean'
        : "should be no, always, unless-stopped or on-failure[:N]";
    context.addIssue({ code: "custom", message, path: ["restart"], input: restart });
  });

/** Build arguments; null passes the variable of the machine that builds. */
export const buildArgs = () =>
  hash(
    choice([text(), z.null()], "should be a string", (input) => (typeof input === "object" ? undefined : 0)),
    (name) => (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name) ? undefined : "is not a name for a build argument"),
  );
