/** `output`: where the record of a command goes besides the terminal. Config-schema §9. */
import { line, word } from "../value-syntax.ts";
import { key, requiredKey, section, text } from "./types.ts";

export const output = section({
  file: key(
    section({ path: requiredKey(text(line), "Directory for one log file per command; it is created.", "log/deploys") }),
    "A log file for each command that changes something.",
  ),
  otel: key(
    section({
      endpoint: requiredKey(
        text(word),
        "Base URL of the collector; /v1/logs is added.",
        "http://collector.example.com:4318",
      ),
    }),
    "Records for an OpenTelemetry collector (OTLP over HTTP, JSON).",
  ),
});
