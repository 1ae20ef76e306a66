// Notes every module that is resolved, for the test of what help loads.
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    appendFileSync(process.env.TRACE_FILE, `${found.url}\n`);
    return found;
  },
});
