/** `kdeploy config-schema`: the JSON Schema of deploy.yml, for editors. */
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  options: {},
  needs: "nothing",
  changes: false,
  async run({ print }) {
    const { configJsonSchema } = await import("../config/json-schema.ts");
    print(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    return 0;
  },
});
