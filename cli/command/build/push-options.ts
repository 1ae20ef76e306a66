/** Options that commands share that build. */
import type { OptionTable } from "../options.ts";

export const NO_CACHE = {
  "no-cache": { kind: "bool", help: "build in any case, and without the cache of earlier builds" },
} as const satisfies OptionTable;

export const PUSH_OPTIONS = {
  output: {
    kind: "string",
    placeholder: "TYPE",
    fallback: "registry",
    help: "where the image goes, as of buildx build",
  },
  ...NO_CACHE,
} as const satisfies OptionTable;
