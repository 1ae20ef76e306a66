/** The text of `kdeploy docs SECTION`: a section's keys with their descriptions and examples, as YAML that is valid itself. */
import { stringify } from "yaml";
import * as z from "zod";
import { KdeployError } from "../errors.ts";
import { accessory } from "./section/accessory.ts";
import { ALIAS_EXAMPLE } from "./section/alias.ts";
import { boot } from "./section/boot.ts";
import { builder } from "./section/builder.ts";
import { envSection } from "./section/env.ts";
import { logging } from "./section/logging.ts";
import { notification } from "./section/notify.ts";
import { output } from "./section/output.ts";
import { proxy } from "./section/proxy.ts";
import { registry } from "./section/registry.ts";
import { role } from "./section/role.ts";
import { root } from "./section/root.ts";
import { SERVERS_EXAMPLE } from "./section/servers.ts";
import { ssh } from "./section/ssh.ts";
import { sshkit } from "./section/sshkit.ts";
import { suggestionFor } from "./suggestion.ts";

interface Section {
  readonly title: string;
  /** Keys above the section's own. */
  readonly below: readonly string[];
  readonly schema?: z.ZodType;
  /** The schema is that of one entry of a list. */
  readonly listed?: true;
  /** Instead of a schema, where any keys are possible. */
  readonly example?: unknown;
}

const SECTIONS: Readonly<Record<string, Section>> = {
  root: { title: "The whole file. Sections have pages of their own: kdeploy docs NAME.", below: [], schema: root },
  accessory: {
    title: "Containers beside the app, each under a name of its own.",
    below: ["accessories", "db"],
    schema: accessory,
  },
  alias: { title: "Commands of your own, by name.", below: ["aliases"], example: ALIAS_EXAMPLE },
  boot: { title: "How many hosts at a time get the new version.", below: ["boot"], schema: boot },
  builder: { title: "How the image is built.", below: ["builder"], schema: builder },
  env: {
    title: "Variables of containers. Without secrets and tags, a plain list of NAME: value does.",
    below: ["env"],
    schema: envSection,
  },
  logging: { title: "Docker's log driver, at the root and in roles.", below: ["logging"], schema: logging },
  notify: {
    title: "Messages to chats and programs when something was changed, as many as wanted. (kdeploy only)",
    below: ["notify"],
    schema: notification,
    listed: true,
  },
  output: { title: "Where the record of a command goes besides the terminal.", below: ["output"], schema: output },
  proxy: {
    title: "How requests reach the app; at the root, in roles, and in accessories.",
    below: ["proxy"],
    schema: proxy,
  },
  registry: { title: "Where images are pushed and pulled.", below: ["registry"], schema: registry },
  role: { title: "One role: a list of hosts, or these keys.", below: ["servers", "job"], schema: role },
  servers: {
    title: "A list of hosts for the role web, or roles by name.",
    below: ["servers"],
    example: SERVERS_EXAMPLE,
  },
  ssh: { title: "How servers are reached.", below: ["ssh"], schema: ssh },
  sshkit: { title: "Bounds of the connections.", below: ["sshkit"], schema: sshkit },
};

/** Keys that exclude another one of their section: shown, but as a comment. */
const ALTERNATIVES: ReadonlySet<string> = new Set([
  "hosts",
  "path_prefixes",
  "proxy_command",
  "role",
  "roles",
  "tag",
  "tags",
]);
const ALTERNATIVES_OF: Readonly<Record<string, ReadonlySet<string>>> = { env: new Set(), role: new Set() };
const LINE_LENGTH = 100;

export const DOCUMENTED_SECTIONS: readonly string[] = Object.keys(SECTIONS);

/** Throws KdeployError `docs-section-unknown`. */
export function documentationOf(name: string): string {
  const section = SECTIONS[name];
  if (section === undefined) {
    const meant = suggestionFor(name, DOCUMENTED_SECTIONS);
    throw new KdeployError(
      "docs-section-unknown",
      `there is no section ${name}${meant === undefined ? "" : ` — did you mean ${meant}?`}`,
      {
        hint: `sections: ${DOCUMENTED_SECTIONS.join(", ")}`,
        exitClass: "usage",
      },
    );
  }
  const parents = section.below.map((key, depth) => `${"  ".repeat(depth)}${key}:\n`).join("");
  const depth = section.below.length + (section.listed === true ? 1 : 0);
  const body =
    section.schema === undefined
      ? indented(stringify(section.example), depth)
      : keysOf(section.schema, depth, ALTERNATIVES_OF[name] ?? ALTERNATIVES);
  return `${comment(section.title, 0)}\n${parents}${section.listed === true ? asEntry(body) : body}`;
}

/** The first key begins the entry. */
function asEntry(body: string): string {
  return body.replace(/^((?: *#.*\n)*) {2}( *)(?=[a-z])/, (_, comments: string, indent: string) => {
    return `${comments.replaceAll(/^ {2}/gm, "")}${indent}- `;
  });
}

function keysOf(schema: z.ZodType, depth: number, alternatives: ReadonlySet<string>): string {
  const entries = Object.entries(shapeOf(schema) ?? {}).map(([key, value]) => keyText(key, value, depth, alternatives));
  return entries.filter((text) => text !== "").join("\n");
}

function keyText(key: string, schema: z.ZodType, depth: number, alternatives: ReadonlySet<string>): string {
  const meta = metaOf(schema);
  if (meta?.description === undefined) return "";
  const description = comment(meta.description, depth);
  const example = meta.examples?.[0];
  const shape = shapeOf(schema);
  if (alternatives.has(key) || (example === undefined && shape === undefined)) {
    const sample = example === undefined ? `${key}: …\n` : stringify({ [key]: example });
    return description + indented(sample.replaceAll(/^/gm, "# ").replace(/# $/, ""), depth);
  }
  if (example !== undefined) return description + indented(stringify({ [key]: example }, { lineWidth: 0 }), depth);
  return `${description}${"  ".repeat(depth)}${key}:\n${keysOf(schema, depth + 1, alternatives)}`;
}

function metaOf(schema: z.ZodType): { description?: string | undefined; examples?: readonly unknown[] } | undefined {
  const meta = schema.meta() ?? (schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType).meta() : undefined);
  return meta;
}

/** The keys of a section; of a choice, those of the branch that is one. */
function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  if (schema instanceof z.ZodOptional) return shapeOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodObject) return schema.shape;
  if (!(schema instanceof z.ZodUnion)) return undefined;
  return schema.options.map((option) => shapeOf(option as z.ZodType)).find((shape) => shape !== undefined);
}

function comment(text: string, depth: number): string {
  const indent = "  ".repeat(depth);
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < LINE_LENGTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}# ${word}`);
  }
  return `${lines.join("\n")}\n`;
}

function indented(text: string, depth: number): string {
  return text.replaceAll(/^(?=.)/gm, "  ".repeat(depth));
}
