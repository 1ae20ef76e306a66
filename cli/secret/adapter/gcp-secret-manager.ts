/** Google Cloud Secret Manager: versions of secrets by `[project/]name[/version]`, through `gcloud`. Source: cli-commands §11. */
import { SECRET_LIMITS } from "../limits.ts";
import { type Adapter, pathsOf } from "./adapter.ts";
import { adapterFailed } from "./failure.ts";
import { inParallel } from "./in-parallel.ts";
import { isObject, objectIn, rowsIn } from "./json.ts";

/** Stands for what gcloud itself is set up with: account and project. */
const DEFAULT = "default";

export const adapter: Adapter = {
  program: { name: "gcloud", version: ["--version"], install: "https://cloud.google.com/sdk/docs/install" },
  // `user`, `user|service-account[,another]`
  account: "required",
  async fetch(question) {
    const [user = DEFAULT, impersonated] = question.account.split("|");
    const gcloud = question.open("gcloud");
    const accounts = async () => rowsIn(await gcloud.askJson(["auth", "list", "--format=json"]), "gcloud auth list");
    if ((await accounts()).length === 0) {
      await gcloud.talk(["auth", "login"]);
      if ((await accounts()).length === 0) throw adapterFailed("gcloud is not logged in");
    }
    const values = await inParallel(
      pathsOf(question).map(partsOf),
      SECRET_LIMITS.maxParallelCalls,
      async ({ project, name, version }): Promise<[string, string]> => {
        const args = ["secrets", "versions", "access", version, `--secret=${name}`];
        if (project !== DEFAULT) args.push(`--project=${project}`);
        if (user !== DEFAULT) args.push(`--account=${user}`);
        if (impersonated) args.push(`--impersonate-service-account=${impersonated}`);
        const answer = objectIn(await gcloud.askJson([...args, "--format=json"]), "gcloud secrets versions access");
        return [`${project}/${name}`, payloadOf(answer["payload"], `${project}/${name}`)];
      },
    );
    return new Map(values);
  },
};

type Parts = { readonly project: string; readonly name: string; readonly version: string };

function partsOf(path: string): Parts {
  const parts = path.split("/");
  if (parts.includes("") || parts.length > 3) throw adapterFailed(`${path} is no PROJECT/NAME/VERSION of gcp`);
  const [project = "", name = "", version = "latest"] = parts.length === 1 ? [DEFAULT, path] : parts;
  return { project, name, version };
}

/** Base64, in the alphabet for URLs. */
function payloadOf(payload: unknown, path: string): string {
  const data = isObject(payload) ? payload["data"] : undefined;
  if (typeof data !== "string") throw adapterFailed(`gcloud printed no payload for ${path}`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(data, "base64url"));
  } catch {
    throw adapterFailed(`${path} in gcp is no text`, "store what is binary as base64");
  }
}
