/** For trying secrets files out: the value of a name is the name backwards. Source: cli-commands §11. */
import { type Adapter, pathsOf } from "./adapter.ts";

export const adapter: Adapter = {
  account: "required",
  fetch: (question) =>
    Promise.resolve(new Map(pathsOf(question).map((path) => [path, Array.from(path).toReversed().join("")]))),
};
