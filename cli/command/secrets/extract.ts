/** `kdeploy secrets extract`: one value out of the JSON object that a fetching command printed. */
import { KdeployError } from "../../errors.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "JSON is an object of values by name. The value named NAME is printed, else the first whose name ends in /NAME. " +
    "For secrets files: DB_PASSWORD=$(kdeploy secrets extract DB_PASSWORD $FETCHED).",
  arguments: [{ name: "NAME" }, { name: "JSON" }],
  // Given by the secrets files, whose commands run in this process; it makes no difference here.
  options: { inline: { kind: "bool", help: "for a secrets file", hidden: true } },
  needs: "nothing",
  changes: false,
  // Within a secrets file, the redactor knows what was fetched.
  raw: () => true,
  async run({ args: [name = "", json = ""], terminal }) {
    const values = Object.entries(objectIn(json));
    const value = (values.find(([key]) => key === name) ?? values.find(([key]) => key.endsWith(`/${name}`)))?.[1];
    if (value === undefined || value === null) {
      throw new KdeployError("secret-not-found", `there is no ${name} in what was fetched`, {
        exitClass: "secret",
        hint: `it has: ${values.map(([key]) => key).join(", ") || "nothing"}`,
      });
    }
    terminal.stdout.write(`${typeof value === "string" ? value : JSON.stringify(value)}\n`);
    return 0;
  },
});

/** The text itself is in no message: it is all secrets. */
function objectIn(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // The parser's own message quotes what it read.
  }
  throw new KdeployError("secrets-unreadable", "what was fetched is no JSON object", {
    exitClass: "secret",
    hint: "did the fetching command print anything? In a shell, the JSON has to be one word, in quotes",
  });
}
