/** Bitwarden Secrets Manager: secrets by id, or `all` of them, or those of a project, through `bws`. Source: cli-commands §11. */
import { SECRET_LIMITS } from "../limits.ts";
import { type Adapter, pathsOf } from "./adapter.ts";
import { adapterFailed } from "./failure.ts";
import { inParallel } from "./in-parallel.ts";
import { type JsonObject, objectIn, rowsIn, textIn } from "./json.ts";

export const adapter: Adapter = {
  program: { name: "bws", version: ["--version"], install: "https://bitwarden.com/help/secrets-manager-cli/" },
  account: "optional",
  fetchesAll: true,
  async fetch(question) {
    const bws = question.open("bws");
    if ((await bws.probe(["project", "list"])) === undefined) {
      throw adapterFailed("bws is not logged in", "set BWS_ACCESS_TOKEN to the access token of a machine account");
    }
    const { from, names } = question;
    const paths = pathsOf({ from, names: names.length === 0 ? ["all"] : names });
    const found = await inParallel(paths, SECRET_LIMITS.maxParallelCalls, async (path) => {
      const parts = path.split("/");
      const last = parts.at(-1) ?? "";
      if (last !== "all") return [objectIn(await bws.askJson(["secret", "get", last]), `bws secret get ${last}`)];
      const project = parts.slice(0, -1);
      return rowsIn(await bws.askJson(["secret", "list", ...project]), "bws secret list");
    });
    return new Map(found.flat().map(keyAndValue));
  },
};

function keyAndValue(secret: JsonObject): [string, string] {
  const key = textIn(secret["key"]);
  const value = textIn(secret["value"]);
  if (key === undefined || value === undefined) throw adapterFailed("bws printed a secret without key or value");
  return [key, value];
}
