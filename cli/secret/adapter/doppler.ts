/** Doppler: secrets of a project's config by `project/config/name`, through `doppler`. Source: cli-commands §11. */
import { type Adapter, pathsOf } from "./adapter.ts";
import { adapterFailed, notFound } from "./failure.ts";
import { isObject, objectIn, textIn } from "./json.ts";

export const adapter: Adapter = {
  program: { name: "doppler", version: ["--version"], install: "https://docs.doppler.com/docs/install-cli" },
  account: "optional",
  async fetch(question) {
    const doppler = question.open("doppler");
    if ((await doppler.probe(["me", "--json"])) === undefined) await doppler.talk(["login", "-y"]);
    // A service token is for one config, and the program refuses to be told of another.
    const scoped = question.env["DOPPLER_TOKEN"]?.startsWith("dp.st") === true;
    const values = new Map<string, string>();
    for (const { flags, names } of configsOf(pathsOf(question))) {
      const args = ["secrets", "get", ...names, "--json", ...(scoped ? [] : flags)];
      const found = objectIn(await doppler.askJson(args), "doppler secrets get");
      for (const name of names) values.set(name, computed(found[name], name));
    }
    return values;
  },
};

type AskedConfig = { readonly flags: readonly string[]; readonly names: string[] };

/** Without project and config, those count that the directory is set up with. */
function configsOf(paths: readonly string[]): AskedConfig[] {
  const configs = new Map<string, AskedConfig>();
  for (const path of paths) {
    const parts = path.split("/");
    const [name = "", config, project] = parts.toReversed();
    if (parts.includes("") || parts.length === 2 || parts.length > 3)
      throw adapterFailed(`${path} is no PROJECT/CONFIG/NAME of Doppler`, "give --from PROJECT/CONFIG");
    const flags = project === undefined || config === undefined ? [] : ["-p", project, "-c", config];
    const key = flags.join(" ");
    const known = configs.get(key) ?? { flags, names: [] };
    configs.set(key, known);
    known.names.push(name);
  }
  return [...configs.values()];
}

function computed(secret: unknown, name: string): string {
  const value = isObject(secret) ? textIn(secret["computed"]) : undefined;
  if (value !== undefined) return value;
  throw notFound(name, "Doppler, or not for this token to see");
}
