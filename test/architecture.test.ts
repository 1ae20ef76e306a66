/** The rules of the house that a compiler does not check: layers, circles, sizes, names, what may be shared. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** Each layer may import itself and those after it. A name is a folder or a file of the program's own folder. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  proxy: [
    "kdeploy-proxy.mjs",
    "kdeploy-acme.mjs",
    "main.ts",
    "issuing",
    "command",
    "server.ts",
    "control",
    "certificate",
    "health",
    "state",
    "options",
    "data-plane",
    "journey.ts",
    "socket",
    "tls",
    "challenge",
    "client",
    "service",
    "balancer",
    "body",
    "target",
    "route",
    "response",
    "observe",
    "request",
    "http2",
    "http1",
    "deadlines.ts",
    "limits.ts",
    "version.ts",
    "errors.ts",
  ],
  cli: [
    "kdeploy.mjs",
    "main.ts",
    "command",
    "report",
    "ssh",
    "execute",
    "plan",
    "selection",
    "remote",
    "config",
    "secret",
    "version.ts",
    "errors.ts",
  ],
};

const PROGRAMS = Object.keys(LAYERS);

/** What control may see of the data plane: its interface, never its inside. */
const PLANE_FOR_CONTROL: ReadonlySet<string> = new Set([
  "proxy/data-plane/data-plane.ts",
  "proxy/route/routing-table.ts",
  "proxy/tls/certificate-table.ts",
  "proxy/challenge/challenge-table.ts",
]);
const TRAFFIC = ["data-plane", "journey.ts", "socket", "client", "service", "balancer", "route", "request", "http1"];

const MAX_LINES = 400;
const MAX_MEDIAN_LINES = 100;
const DRAWERS = /^(utils?|helpers?|common|misc|base|manager|shared-utils)$/;

const SOURCES = ["proxy", "cli", "shared", "bench", "demo", "test"];
const files = SOURCES.flatMap((folder) => sourcesBelow(folder));
const imports = new Map(files.map((file) => [file, importsOf(file, readFileSync(join(root, file), "utf8"))]));

describe("layers", () => {
  test.each(PROGRAMS)("every file of %s is in a layer", (program) => {
    expect(inside(program).filter((file) => layerOf(file) === -1)).toEqual([]);
  });

  test.each(PROGRAMS)("imports of %s point one way, types included", (program) => {
    expect(inside(program).flatMap((file) => upwardImports(file, imports.get(file) ?? []))).toEqual([]);
  });

  test("an upward import would be found", () => {
    expect(upwardImports("proxy/http1/x.ts", ["proxy/client/context.ts"])).toHaveLength(1);
    expect(upwardImports("proxy/client/x.ts", ["proxy/http1/output.ts"])).toEqual([]);
    expect(upwardImports("cli/secret/x.ts", ["cli/config/config.ts"])).toHaveLength(1);
    expect(upwardImports("cli/config/x.ts", ["shared/x.ts", "cli/errors.ts"])).toEqual([]);
  });

  test("control reaches traffic through the data plane's interface only", () => {
    const reached = inside("proxy/control").flatMap((file) =>
      (imports.get(file) ?? []).filter((to) => TRAFFIC.includes(partOf(to)) && !PLANE_FOR_CONTROL.has(to)),
    );
    expect(reached).toEqual([]);
  });
});

describe("circles", () => {
  test("no file imports itself by any way round", () => {
    expect(circles(imports)).toEqual([]);
  });

  test("a circle would be found", () => {
    const three = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["a"]],
    ]);
    expect(circles(three)).toHaveLength(1);
  });
});

describe("programs", () => {
  test("proxy/ and cli/ never import one another", () => {
    const crossing = [...imports].filter(
      ([file, to]) =>
        (file.startsWith("proxy/") && to.some((path) => path.startsWith("cli/"))) ||
        (file.startsWith("cli/") && to.some((path) => path.startsWith("proxy/"))),
    );
    expect(crossing.map(([file]) => file)).toEqual([]);
  });

  test("shared/ holds only what both programs import", () => {
    expect(unshared(imports)).toEqual([]);
  });

  test("a file that only one program uses would be found in shared/", () => {
    const one = new Map([
      ["shared/x.ts", []],
      ["proxy/a.ts", ["shared/x.ts"]],
    ]);
    expect(unshared(one)).toEqual(["shared/x.ts"]);
  });

  test("programs do not import tests, benchmarks or the demo", () => {
    const outside = [...imports].filter(
      ([file, to]) => /^(proxy|cli|shared)\//.test(file) && to.some((path) => /^(test|bench|demo)\//.test(path)),
    );
    expect(outside.map(([file]) => file)).toEqual([]);
  });
});

describe("sizes and names", () => {
  test("no file exceeds 400 lines", () => {
    expect(files.filter((file) => lineCount(file) > MAX_LINES)).toEqual([]);
  });

  test.each(PROGRAMS)("the median file of %s has at most 100 lines", (program) => {
    const counts = inside(program)
      .map(lineCount)
      .toSorted((a, b) => a - b);
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(MAX_MEDIAN_LINES);
  });

  test("no drawers: a name says what is in it", () => {
    const named = files.filter((file) => file.split("/").some((part) => DRAWERS.test(part.replace(/\.[^.]*$/, ""))));
    expect(named).toEqual([]);
  });

  test("no barrels", () => {
    expect(
      files.filter((file) => /^export (\*|\{[^}]*\}) from /m.test(readFileSync(join(root, file), "utf8"))),
    ).toEqual([]);
  });

  test("every source file says at its top what it is for", () => {
    // A unit test is for the file whose name it bears.
    const silent = files
      .filter((file) => !/^test\/(proxy|cli)\/.*\.test\.ts$/.test(file))
      .filter((file) => !/^(#!.*\n)?(\/\*\*|\/\/)/.test(readFileSync(join(root, file), "utf8")));
    expect(silent).toEqual([]);
  });
});

function sourcesBelow(folder: string): string[] {
  const found: string[] = [];
  for (const entry of safeList(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...sourcesBelow(path));
    else if (/\.(ts|mts|mjs)$/.test(entry.name)) found.push(path);
  }
  return found;
}

function safeList(folder: string) {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    // Not every program exists yet.
    return [];
  }
}

function importsOf(file: string, text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    found.push(normalize(join(dirname(file), match[1] as string)));
  }
  return found;
}

function inside(folder: string): string[] {
  return files.filter((file) => file.startsWith(`${folder}/`));
}

/** The folder or file directly below the program's folder. */
function partOf(file: string): string {
  return relative(file.split("/", 1)[0] as string, file).split("/", 1)[0] as string;
}

function layerOf(file: string): number {
  return (LAYERS[file.split("/", 1)[0] as string] ?? []).indexOf(partOf(file));
}

function upwardImports(file: string, to: readonly string[]): string[] {
  // shared/ lies below both programs.
  const inPrograms = to.filter((path) => !path.startsWith("shared/"));
  return inPrograms.filter((path) => layerOf(path) < layerOf(file)).map((path) => `${file} → ${path}`);
}

/** Each circle once, as the list of its files. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const finished = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    const at = path.indexOf(file);
    if (at !== -1) {
      found.push(path.slice(at));
      return;
    }
    if (finished.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** Files of shared/ that are not reached from both programs. */
function unshared(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const reachedFrom = (program: string): Set<string> => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const next of graph.get(file) ?? []) visit(next);
    };
    for (const file of graph.keys()) if (file.startsWith(`${program}/`)) visit(file);
    return reached;
  };
  const byProxy = reachedFrom("proxy");
  const byCli = reachedFrom("cli");
  return [...graph.keys()].filter((file) => file.startsWith("shared/") && !(byProxy.has(file) && byCli.has(file)));
}

function lineCount(file: string): number {
  return readFileSync(join(root, file), "utf8").split("\n").length - 1;
}
