/** 1Password: fields of items by `vault/item/field`, or all fields of an item, through `op`. Source: cli-commands §11. */
import { SECRET_LIMITS } from "../limits.ts";
import { Secret } from "../secret.ts";
import { type Adapter, pathsOf, type Question } from "./adapter.ts";
import { adapterFailed, notFound } from "./failure.ts";
import { inParallel } from "./in-parallel.ts";
import { isObject, type JsonObject, objectIn, rowsIn, textIn } from "./json.ts";
import type { Program } from "./program.ts";

export const adapter: Adapter = {
  program: {
    name: "op",
    version: ["--version"],
    install: "https://developer.1password.com/docs/cli/get-started/",
  },
  account: "required",
  fetchesAll: true,
  async fetch(question) {
    const items = itemsOf(question);
    const op = await signedIn(question.open("op"), question);
    // Signed in, it asks for nothing any more.
    const values = await inParallel(items, SECRET_LIMITS.maxParallelCalls, (item) =>
      fieldsOf(op, item, question.account),
    );
    return new Map(values.flat());
  },
};

type Item = {
  readonly vault: string;
  readonly item: string;
  /** Fields by the path after the item, `section/field` or `field`; empty for all of them. */
  readonly fields: readonly string[];
};

/** One call for each item, however many of its fields are asked for. */
function itemsOf({ names, from }: Pick<Question, "names" | "from">): Item[] {
  const start = from?.replace(/^op:\/\//, "");
  if (names.length === 0) {
    const [vault, item, ...more] = (start ?? "").split("/");
    if (!vault || !item || more.length > 0)
      throw adapterFailed("without names, 1Password needs --from VAULT/ITEM: all of its fields are fetched");
    return [{ vault, item, fields: [] }];
  }
  const items = new Map<string, Item & { readonly fields: string[] }>();
  for (const path of pathsOf({ names: names.map((name) => name.replace(/^op:\/\//, "")), from: start })) {
    const [vault, item, ...fields] = path.split("/");
    if (!vault || !item) throw adapterFailed(`${path} is no VAULT/ITEM/FIELD of 1Password`, "give --from VAULT/ITEM");
    const key = `${vault}/${item}`;
    const known = items.get(key) ?? { vault, item, fields: [] };
    items.set(key, known);
    known.fields.push(fields.join("/") || "password");
  }
  return [...items.values()];
}

/** The session goes into the environment: every user of this machine can read arguments. */
async function signedIn(op: Program, { account, redactor }: Question): Promise<Program> {
  if ((await op.probe(["account", "get", "--account", account])) !== undefined) return op;
  const session = (await op.talk(["signin", "--account", account, "--force", "--raw"], "result")).trim();
  // With the desktop app there is none: it knows this terminal.
  if (session === "") return op;
  redactor.add(new Secret(session));
  const own = /^\w+$/.test(account) ? { [`OP_SESSION_${account}`]: session } : {};
  return op.with({ OP_SESSION: session, ...own });
}

async function fieldsOf(op: Program, { vault, item, fields }: Item, account: string): Promise<[string, string][]> {
  const args = ["item", "get", item, "--vault", vault, "--format", "json", "--account", account];
  const where = `item ${item} of vault ${vault} in 1Password`;
  if (fields.length === 0) {
    const { fields: all } = objectIn(await op.askJson(args), where);
    return rowsIn(all, where).flatMap((field) => {
      const value = textIn(field["value"]);
      return value === undefined ? [] : [[keyOf(field, vault, item), value] as [string, string]];
    });
  }
  const asked = await op.askJson([...args, "--fields", fields.map(wordOf).join(",")]);
  // A single one comes alone.
  const found = isObject(asked) ? [asked] : rowsIn(asked, where);
  return fields.flatMap((path) => {
    const field = found.find((one) => isNamed(one, path));
    const value = textIn(field?.["value"]);
    if (field === undefined || value === undefined) throw notFound(path, where);
    const key = keyOf(field, vault, item);
    const askedFor = withoutPassword(`${vault}/${item}/${path}`);
    // What is spelled oddly has its id in the reference; it is to be found by its name, too.
    return key === askedFor ? [[key, value]] : [[key, value], [askedFor, value] as [string, string]];
  });
}

/** `label=section.field`; a list of such is comma-separated values. */
function wordOf(path: string): string {
  const word = `label=${path.replaceAll("/", ".")}`;
  return /[",\n]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word;
}

/** By label or id, with its section or without. */
function isNamed(field: JsonObject, path: string): boolean {
  const section = isObject(field["section"]) ? [field["section"]["label"], field["section"]["id"]] : [];
  const same = (one: unknown, other: string) => typeof one === "string" && one.toLowerCase() === other.toLowerCase();
  return [field["label"], field["id"]].some(
    (name) => same(name, path) || section.some((part) => same(`${textIn(part)}/${textIn(name)}`, path)),
  );
}

/** Its reference `op://vault/item/section/field`, without the scheme. */
function keyOf(field: JsonObject, vault: string, item: string): string {
  const reference = field["reference"];
  const path = typeof reference === "string" ? reference.replace(/^op:\/\//, "") : undefined;
  return withoutPassword(path ?? `${vault}/${item}/${textIn(field["label"]) ?? textIn(field["id"]) ?? ""}`);
}

function withoutPassword(path: string): string {
  return path.replace(/\/password$/, "");
}
