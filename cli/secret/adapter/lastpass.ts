/** LastPass: passwords by the full names of their entries, through `lpass`. Source: cli-commands §11. */
import { type Adapter, pathsOf } from "./adapter.ts";
import { notFound } from "./failure.ts";
import { rowsIn, textIn } from "./json.ts";

export const adapter: Adapter = {
  program: { name: "lpass", version: ["--version"], install: "https://github.com/lastpass/lastpass-cli" },
  account: "required",
  async fetch(question) {
    const { account } = question;
    const lpass = question.open("lpass");
    const status = await lpass.probe(["status", "--color", "never"]);
    if (status?.trim() !== `Logged in as ${account}.`) await lpass.talk(["login", account]);
    const paths = pathsOf(question);
    const entries = rowsIn(await lpass.askJson(["show", ...paths, "--json"]), "lpass show");
    const values = new Map<string, string>();
    for (const path of paths) {
      const entry = ["fullname", "name", "id"]
        .map((key) => entries.find((one) => one[key] === path))
        .find((one) => one !== undefined);
      const password = textIn(entry?.["password"]);
      if (entry === undefined || password === undefined) throw notFound(path, "LastPass");
      values.set(textIn(entry["fullname"]) ?? path, password);
    }
    return values;
  },
};
