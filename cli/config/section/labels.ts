/** `labels` of containers. */
import { labelKey } from "../value-syntax.ts";
import { hash, text } from "./types.ts";

/** By these the deploy tool finds its containers again. */
export const RESERVED_LABELS: readonly string[] = ["destination", "role", "service"];

/** Of the root: the original takes reserved names there, so they only earn a warning. */
export const rootLabels = () => hash(text(), labelKey);

export const labels = () =>
  rootLabels().superRefine((value, context) => {
    for (const name of Object.keys(value).filter((key) => RESERVED_LABELS.includes(key))) {
      const message = "label is reserved: destination, role and service are set by the deploy";
      context.addIssue({ code: "custom", message, path: [name], input: value });
    }
  });
