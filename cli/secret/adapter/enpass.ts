/** Enpass: fields of items by `title` or `title/label`, in the vault that `--from` names, through `enpass-cli`. Source: cli-commands §11. */
import { type Adapter, splitPath } from "./adapter.ts";
import { adapterFailed, notFound } from "./failure.ts";
import { rowsIn, textIn } from "./json.ts";

export const adapter: Adapter = {
  program: { name: "enpass-cli", version: ["version"], install: "https://github.com/hazcod/enpass-cli" },
  account: "optional",
  from: "the path of the vault",
  async fetch({ names, from = "", open }) {
    const titles = [...new Set(names.map((name) => splitPath(name)[0]))];
    const rows = rowsIn(await open("enpass-cli").askJson(["-json", "-vault", from, "show", ...titles]), "enpass-cli");
    const found = new Map<string, string>();
    for (const row of rows) {
      const title = textIn(row["title"]) ?? "";
      const key = [title, textIn(row["label"]) ?? ""].filter((part) => part !== "").join("/");
      // It searches: titles that only contain the words come, too.
      if (!names.includes(title) && !names.includes(key)) continue;
      if (found.has(key)) throw adapterFailed(`${key} is in the vault of Enpass more than once`, "rename one of them");
      found.set(key, textIn(row["password"]) ?? "");
    }
    for (const name of names) {
      if ([...found.keys()].every((key) => key !== name && !key.startsWith(`${name}/`))) throw notFound(name, "Enpass");
    }
    return found;
  },
};
