/** `logging`: Docker's log driver of app containers. Config-schema §9. */
import { optionName, word } from "../value-syntax.ts";
import { hash, key, section, text } from "./types.ts";

export const logging = section({
  driver: key(
    text(word),
    "Docker's log driver. Naming a driver or options drops the default of max-size 10m.",
    "json-file",
  ),
  options: key(
    hash(text(), (name) =>
      /^[\w.-]+$/.test(name) ? optionName(name.replaceAll(/[_.]/g, "-")) : "is not an option name",
    ),
    "Options of the driver.",
    { "max-size": "100m", "max-file": 3 },
  ),
});
