/** The JSON Schema of deploy.yml, for editors: the same keys, types, descriptions and examples that the checks use. */
import * as z from "zod";
import { root } from "./section/root.ts";

/** Draft 2020-12. What a schema cannot say (cross checks, the syntax of values) stays to `kdeploy check`. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(root, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // zod leaves out the examples of values that it transforms: they would have to be in their final form.
      const examples = z.globalRegistry.get(zodSchema)?.["examples"];
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      // The bounds of a safe integer are JavaScript's own affair.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      // Every value may be left out when it comes from the destination's file, or from the file it is laid over.
      if (jsonSchema.properties !== undefined) delete jsonSchema.required;
    },
  });
  return { ...schema, title: "deploy.yml", patternProperties: { "^x-": {} } };
}
