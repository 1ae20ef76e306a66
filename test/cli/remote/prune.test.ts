import { describe, expect, test } from "vitest";
import { containersToRemove, listContainers, parseContainers, removeContainers } from "../../../cli/remote/prune.ts";
import { example, roleOf } from "./example.ts";

const config = example();
const web = roleOf(config);

function removed(listed: string, retain: number, keepVersions: readonly string[] = []): string[] {
  return containersToRemove(config, web, parseContainers(listed), { retain, keepVersions });
}

describe("retention [CLI-20]", () => {
  test("the list is of one role and destination", () => {
    expect(listContainers(example("", "st"), web)).toBe(
      "docker container ls --all --filter label=service=app --filter label=destination=st --filter label=role=web --format '{{.ID}} {{.State}} {{.Names}}'",
    );
  });

  test("the newest stopped versions stay; what runs does not count", () => {
    const listed =
      "e running app-web-5\nd exited app-web-4\nc created app-web-3\nb dead app-web-2\na exited app-web-1\n";
    expect(removed(listed, 2)).toEqual(["b", "a"]);
    expect(removed(listed, 5)).toEqual([]);
    expect(removed("", 1)).toEqual([]);
  });

  test("two deploys of one version do not push out the version before", () => {
    const listed = [
      "d running app-web-2",
      "c exited app-web-2_replaced_00000000000000bb",
      "b exited app-web-2_replaced_00000000000000aa",
      "a exited app-web-1",
      "z exited app-web-0",
    ].join("\n");
    expect(removed(listed, 1)).toEqual(["c", "b", "z"]);
  });

  test("a replaced container that is the last one of its version counts as it", () => {
    expect(removed("b exited app-web-2_replaced_0a\na exited app-web-2_replaced_0b\nz exited app-web-1", 2)).toEqual([
      "a",
    ]);
  });

  test("a version that is to be kept stays, and takes nobody's place", () => {
    expect(removed("c exited app-web-3\nb exited app-web-2\na exited app-web-1", 1, ["1"])).toEqual(["b"]);
  });

  test("a container of another name is left alone", () => {
    expect(removed("b exited something-else\na exited app-web-1", 0)).toEqual(["a"]);
  });

  test("removal goes on past a container that is gone", () => {
    expect(removeContainers(["b", "a"])).toBe("for id in b a; do docker rm $id; done");
  });
});
