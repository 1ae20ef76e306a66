/** Passbolt: passwords of resources by `name` or `folder/…/name`, through `passbolt`. Source: cli-commands §11. */
import { type Adapter, pathsOf } from "./adapter.ts";
import { adapterFailed, notFound } from "./failure.ts";
import { type JsonObject, rowsIn, textIn } from "./json.ts";
import type { Program } from "./program.ts";

export const adapter: Adapter = {
  program: { name: "passbolt", version: ["--version"], install: "https://github.com/passbolt/go-passbolt-cli" },
  account: "optional",
  async fetch(question) {
    const passbolt = question.open("passbolt");
    if ((await passbolt.probe(["verify"])) === undefined) {
      throw adapterFailed("passbolt is not set up", "passbolt configure tells it the server, the key and the password");
    }
    const paths = pathsOf(question);
    const namesOf = Map.groupBy(paths.map(folderAndName), ({ folder }) => folder);
    const found = new Map<string, string>();
    for (const [folder, asked] of namesOf) {
      const names = asked.map(({ name }) => name);
      const inFolder = folder === "" ? [] : ["--folder", await folderId(passbolt, folder)];
      const filter = names.map((name) => `Name == ${JSON.stringify(name)}`).join(" || ");
      const columns = ["--column", "name", "--column", "password"];
      const args = ["list", "resources", "--filter", filter, ...inFolder, ...columns, "--json"];
      const rows = rowsIn(await passbolt.askJson(args), "passbolt list resources");
      for (const { name, path } of asked) found.set(path, passwordOf(rows, name, path));
    }
    return new Map(paths.map((path) => [keyOf(path, paths), found.get(path) ?? ""]));
  },
};

type Asked = { readonly folder: string; readonly name: string; readonly path: string };

function folderAndName(path: string): Asked {
  const at = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(at, 0)), name: path.slice(at + 1), path };
}

/** From the outermost folder inwards. */
async function folderId(passbolt: Program, folder: string): Promise<string> {
  let id = "";
  for (const name of folder.split("/")) {
    const filter = `Name == ${JSON.stringify(name)} && FolderParentID == ${JSON.stringify(id)}`;
    const rows = rowsIn(
      await passbolt.askJson(["list", "folders", "--filter", filter, "--json"]),
      "passbolt list folders",
    );
    const found = textIn(rows[0]?.["id"]);
    if (found === undefined) throw notFound(`folder ${folder}`, "Passbolt");
    id = found;
  }
  return id;
}

function passwordOf(rows: readonly JsonObject[], name: string, path: string): string {
  const passwords = new Set(rows.filter((row) => row["name"] === name).map((row) => textIn(row["password"])));
  const [password] = passwords;
  if (password === undefined) throw notFound(path, "Passbolt");
  if (passwords.size > 1) throw adapterFailed(`Passbolt has ${path} more than once`, "name its folder: FOLDER/NAME");
  return password;
}

/** The name alone, unless two folders have it. */
function keyOf(path: string, paths: readonly string[]): string {
  const { name } = folderAndName(path);
  return paths.filter((other) => folderAndName(other).name === name).length > 1 ? path : name;
}
