import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { DOCUMENTED_SECTIONS, documentationOf } from "../../../cli/config/documentation.ts";
import { configJsonSchema } from "../../../cli/config/json-schema.ts";
import { root } from "../../../cli/config/section/root.ts";
import { plainValue } from "../../../cli/config/tree.ts";
import { completed, issuesOf, parsed } from "./written-config.ts";

const SAMPLES = join(import.meta.dirname, "samples");

describe("kdeploy docs", () => {
  test("has the sections of the original, and our own", () => {
    expect([...DOCUMENTED_SECTIONS].toSorted()).toEqual(
      [
        "root",
        "accessory",
        "alias",
        "boot",
        "builder",
        "env",
        "logging",
        "notify",
        "output",
        "proxy",
        "registry",
        "role",
        "servers",
        "ssh",
        "sshkit",
      ].toSorted(),
    );
  });

  test.each(DOCUMENTED_SECTIONS)("the page of %s is a configuration that passes the checks", (name) => {
    const page = documentationOf(name);
    const roles = name === "role" ? page.replace("servers:\n", "servers:\n  web: [192.0.2.9]\n") : page;
    expect(issuesOf(completed(name === "proxy" ? `${roles}\nboot: {}` : roles))).toEqual([]);
  });

  test.each(DOCUMENTED_SECTIONS)("every line of the page of %s fits the terminal", (name) => {
    for (const line of documentationOf(name).split("\n")) expect(line.length).toBeLessThanOrEqual(110);
  });

  test("every key of the schema is described and has an example", () => {
    expect(undocumented(root, "")).toEqual([]);
  });

  test("keys of ours say so", () => {
    for (const key of [
      "canonical_host",
      "tls_on_demand_url",
      "client_ip_header",
      "scope_cookie_paths",
      "exclude_metrics_paths",
      "target_protocol",
      "hsts",
      "acme",
    ]) {
      expect(documentationOf("proxy")).toMatch(new RegExp(`\\(kdeploy only\\)\\n(?:  # .*\\n)*?  ${key}:`));
    }
  });

  test("an unknown section", () => {
    expect(() => documentationOf("proxi")).toThrow("there is no section proxi — did you mean proxy?");
  });
});

describe("the JSON Schema", () => {
  const schema = configJsonSchema();
  const validate = (value: unknown) => z.fromJSONSchema(schema).safeParse(value);

  test.each(readdirSync(SAMPLES).filter((name) => !name.includes("template")))("takes %s", (name) => {
    const result = validate(plainValue(parsed(readFileSync(join(SAMPLES, name), "utf8")).root));
    expect(result.error?.issues ?? []).toEqual([]);
  });

  test.each([
    ["an unknown key", { servic: "a" }],
    ["an unknown key in a section", { proxy: { hots: ["a"] } }],
    ["a wrong type", { retain_containers: "5" }],
    ["null", { asset_path: null }],
    ["a chat that is not known", { notify: [{ url: "HOOK", format: "teams" }] }],
    ["a port beyond the range", { proxy: { app_port: 70_000 } }],
  ])("refuses %s", (_what, value) => {
    expect(validate(value).success).toBe(false);
  });

  test("takes keys for anchors, and examples are in it", () => {
    expect(validate({ "x-any": 1, notify: [{ url: "HOOK", format: "slack", on: ["failed"] }] }).success).toBe(true);
    expect(JSON.stringify(schema)).toContain('"examples":["shop.example.com"]');
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});

/** Paths of keys that the documentation would have to pass over, or could show no example of. */
function undocumented(schema: z.ZodType, path: string): string[] {
  if (schema instanceof z.ZodOptional) return undocumented(schema.unwrap() as z.ZodType, path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => undocumented(option as z.ZodType, path));
  if (schema instanceof z.ZodRecord) return undocumented(schema.valueType as z.ZodType, `${path}/*`);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, value]) => {
    const inner = value instanceof z.ZodOptional ? (value.unwrap() as z.ZodType) : value;
    if (inner instanceof z.ZodNever) return [];
    const described = (value.meta() ?? inner.meta())?.description !== undefined;
    return [...(described ? [] : [`${path}/${key}`]), ...undocumented(inner, `${path}/${key}`)];
  });
}
