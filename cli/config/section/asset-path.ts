/** `asset_path`: directories of fingerprinted files in the image, of which old and new version serve each other's. */
import { line } from "../value-syntax.ts";
import { choice, isHash, list, text } from "./types.ts";

const path = () =>
  text(
    (value) => line(value) ?? (value.startsWith("/") ? undefined : `is not an absolute path: ${JSON.stringify(value)}`),
  );

/** One, or several of them: `PATH` or `PATH:OPTIONS` of the mount. */
export const assetPath = () =>
  choice([path(), list(path())], "should be a string or an array", (input) =>
    Array.isArray(input) ? 1 : isHash(input) ? undefined : 0,
  );
