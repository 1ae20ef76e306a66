/** `kdeploy docs`: a section of the configuration with its keys, explained. */
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description: "Without a section: the keys of the whole file. What it prints is valid itself.",
  arguments: [{ name: "SECTION", optional: true }],
  options: {},
  needs: "nothing",
  changes: false,
  async run({ args: [section = "root"], print }) {
    const { documentationOf } = await import("../config/documentation.ts");
    print(documentationOf(section));
    return 0;
  },
});
