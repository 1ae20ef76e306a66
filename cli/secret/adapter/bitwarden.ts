/** Bitwarden: logins' passwords and custom fields by `item` or `item/field`, through `bw`. Source: cli-commands §11. */
import { Secret } from "../secret.ts";
import { type Adapter, pathsOf, type Question, splitPath } from "./adapter.ts";
import { adapterFailed, notFound } from "./failure.ts";
import { isObject, type JsonObject, objectIn, rowsIn, textIn } from "./json.ts";
import type { Program } from "./program.ts";

export const adapter: Adapter = {
  program: { name: "bw", version: ["--version"], install: "https://bitwarden.com/help/cli/" },
  account: "required",
  async fetch(question) {
    const bw = await unlocked(question.open("bw"), question);
    await bw.ask(["sync"]);
    const values = new Map<string, string>();
    // One after the other: calls at the same time would write the program's one data file at the same time.
    for (const [item, fields] of fieldsByItem(pathsOf(question))) {
      const found = objectIn(await bw.askJson(["get", "item", item]), `bw get item ${item}`);
      for (const field of fields) for (const [key, value] of valuesOf(found, item, field)) values.set(key, value);
    }
    return values;
  },
};

/** Logged in and unlocked, with the session in its environment. */
async function unlocked(bw: Program, { account, redactor }: Question): Promise<Program> {
  let status = await statusOf(bw);
  if (status === "unauthenticated") {
    // What it prints is no answer for anybody: it has a session in it.
    await bw.talk(["login", account], "result");
    status = await statusOf(bw);
  }
  if (status === "unlocked") return bw;
  const session = (await bw.talk(["unlock", "--raw"], "result")).trim();
  if (session === "") throw adapterFailed("bw unlock gave no session");
  redactor.add(new Secret(session));
  return bw.with({ BW_SESSION: session });
}

async function statusOf(bw: Program): Promise<string> {
  const { status } = objectIn(await bw.askJson(["status"]), "bw status");
  if (status === "unauthenticated" || status === "locked" || status === "unlocked") return status;
  throw adapterFailed("bw status says neither unauthenticated, locked nor unlocked");
}

/** Undefined stands for the item itself. */
function fieldsByItem(paths: readonly string[]): ReadonlyMap<string, readonly (string | undefined)[]> {
  const items = new Map<string, (string | undefined)[]>();
  for (const path of paths) {
    const [item, field] = splitPath(path);
    items.set(item, [...(items.get(item) ?? []), field]);
  }
  return items;
}

function valuesOf(found: JsonObject, item: string, field: string | undefined): (readonly [string, string])[] {
  const where = `item ${item} in Bitwarden`;
  const { login, fields } = found;
  const custom = fields === undefined || fields === null ? [] : rowsIn(fields, `bw get item ${item}`);
  if (field !== undefined) {
    const value = textIn(custom.find(({ name }) => name === field)?.["value"]);
    if (value === undefined) throw notFound(`field ${field}`, where);
    return [[`${item}/${field}`, value]];
  }
  const password = isObject(login) ? textIn(login["password"]) : undefined;
  if (password !== undefined) return [[item, password]];
  const all = custom.flatMap(({ name, value }) => {
    const text = textIn(value);
    return text === undefined ? [] : [[`${item}/${textIn(name) ?? ""}`, text] as const];
  });
  if (all.length === 0) throw notFound("password and no custom field", where);
  return all;
}
