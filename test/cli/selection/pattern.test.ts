import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matching, patternsIn } from "../../../cli/selection/pattern.ts";

describe("patterns", () => {
  test.each([
    ["a,b", ["a", "b"]],
    [" a , ,b,", ["a", "b"]],
    ["{a,b}.x,c", ["{a,b}.x", "c"]],
    ["{a,{b,c}},d", ["{a,{b,c}}", "d"]],
    ["a},b", ["a}", "b"]],
    ["", []],
  ])("%j is %j", (list, patterns) => {
    expect(patternsIn(list)).toEqual(patterns);
  });

  test.each([
    ["10.0.0.1", "10.0.0.1", true],
    ["10.0.0.1", "10x0.0.1", false],
    ["10.0.0.*", "10.0.0.12", true],
    ["10.0.0.?", "10.0.0.12", false],
    ["*", "anything/at-all", true],
    ["*b*d", "abcbcd", true],
    ["*b*d", "abcbc", false],
    ["web", "web1", false],
    ["web1", "web", false],
    ["web[1-3]", "web2", true],
    ["web[13]", "web2", false],
    ["web[!1-3]", "web4", true],
    ["web[^1-3]", "web3", false],
    ["web[3-1]", "web2", false],
    ["{web,db}{1,2}", "db2", true],
    ["{a,b{c,d}}", "bd", true],
    ["{a", "{a", true],
    ["[::1]:22", "[::1]:22", true],
    ["deploy@a.b", "deploy@a.b", true],
    ["a+b(c)$^|\\", "a+b(c)$^|\\", true],
  ])("%s and %s: %s", (pattern, name, matches) => {
    expect(matching([pattern], [name])).toEqual(matches ? [name] : []);
  });

  test("names come by pattern first, each once", () => {
    expect(matching(["b*", "*"], ["a", "b1", "b2"])).toEqual(["b1", "b2", "a"]);
  });

  test("any text is a pattern that finds itself", () => {
    const name = fc.string({ unit: "binary", maxLength: 30 });
    const found = fc.sample(name, 200).map((text) => [text, matching([text], [text])]);
    expect(found).toEqual(found.map(([text]) => [text, [text]]));
  });

  test("no pattern takes for ever", () => {
    const char = fc.constantFrom("{", "}", ",", "*", "?", "[", "]", "-", "!", "a");
    const pattern = fc.string({ unit: char, maxLength: 60 });
    for (const text of fc.sample(pattern, 200))
      expect(matching([text], ["a".repeat(100)]).length).toBeLessThanOrEqual(1);
    expect(matching([`${"*a".repeat(60)}b`], ["a".repeat(250)])).toEqual([]);
    expect(matching(["{a,b}".repeat(40)], ["b".repeat(40)])).toEqual([]);
  });
});
