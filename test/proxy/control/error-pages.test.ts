import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { loadErrorPages } from "../../../proxy/control/error-pages.ts";
import { TEMPLATE_LIMITS } from "../../../proxy/limits.ts";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const { maxFiles, maxSourceBytes, maxAllSourcesBytes } = TEMPLATE_LIMITS;
const PAGE = "<h1>{{ .Message }}</h1>";

async function pagesIn(files: Record<string, string | Buffer>): Promise<string> {
  const path = join(await temporaryDirectory(), "pages");
  await mkdir(path);
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

function withPages(path: string) {
  return { service: { errorPagesPath: path } };
}

test("every *.html directly in the directory is read, relative to the working directory", async () => {
  const path = await pagesIn({ "503.html": PAGE, "foot.html": "é", "readme.txt": "x" });
  await mkdir(join(path, "more"));
  await writeFile(join(path, "more", "404.html"), PAGE);
  const pages = { "503.html": PAGE, "foot.html": "é" };
  expect(await loadErrorPages(path)).toEqual(pages);
  expect(await loadErrorPages(relative(process.cwd(), path))).toEqual(pages);
  expect(await loadErrorPages("")).toBeNull();
});

test.each([
  ["when there is no directory, nothing is loaded, and the reason is said", {}, "missing", /ENOENT/],
  ["when it is a file, nothing is loaded, and the reason is said", { "a.html": PAGE }, "a.html", /ENOTDIR/],
  [
    "when there is no page in it, nothing is loaded, and the reason is said [A54]",
    { "a.txt": "x" },
    ".",
    /no file that ends in \.html/,
  ],
  [
    "when a page does not parse, nothing is loaded, and the reason is said [A53]",
    { "503.html": "<p>\n{{ if }}</p>" },
    ".",
    /503\.html:2: /,
  ],
  [
    "when a page is too large, nothing is loaded, and the reason is said",
    { "503.html": Buffer.alloc(maxSourceBytes + 1, "x") },
    ".",
    /503\.html has 1048577 bytes/,
  ],
  [
    "when all pages together are too large, nothing is loaded, and the reason is said",
    Object.fromEntries(
      Array.from({ length: maxAllSourcesBytes / maxSourceBytes + 1 }, (_, index) => [
        `${index}.html`,
        Buffer.alloc(maxSourceBytes, "x"),
      ]),
    ),
    ".",
    /more than 4194304 bytes together/,
  ],
  [
    "when there are too many, nothing is loaded, and the reason is said",
    Object.fromEntries(Array.from({ length: maxFiles + 1 }, (_, index) => [`${index}.html`, "x"])),
    ".",
    /there are 101 pages/,
  ],
])("%s", async (_, files, name, reason) => {
  const path = join(await pagesIn(files), name);
  await expect(loadErrorPages(path)).rejects.toMatchObject({
    code: "error-pages-unusable",
    message: "unable to load error pages",
    hint: expect.stringMatching(reason),
  });
});

test("what is called a page and is no file ends the loading, it does not hold it up [DP-13]", async () => {
  const path = await pagesIn({ "404.html": PAGE });
  await promisify(execFile)("mkfifo", [join(path, "503.html")]);
  await expect(loadErrorPages(path)).rejects.toMatchObject({ hint: expect.stringContaining("503.html is not a file") });
});

test("pages reach traffic as they were at the deploy, and again at a restart as they are then", async () => {
  const path = await pagesIn({ "503.html": PAGE });
  const bench = await startControl();
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  await bench.deploy("web", [app.address], withPages(path));
  expect(bench.dataPlane.route("web")?.errorPages).toEqual({ "503.html": PAGE });
  await writeFile(join(path, "503.html"), "new");
  await bench.plane.resume("web");
  expect(bench.dataPlane.route("web")?.errorPages).toEqual({ "503.html": PAGE });
  await bench.end();
  const again = await startControl(bench.directory);
  expect(again.dataPlane.route("web")?.errorPages).toEqual({ "503.html": "new" });
  await again.deploy("web", [app.address]);
  expect(again.dataPlane.route("web")?.errorPages).toBeNull();
});

test("a deploy whose pages cannot be loaded fails before anybody waits, and changes nothing [A130] [DP-13]", async () => {
  const path = await pagesIn({ "503.html": PAGE });
  const bench = await startControl();
  const [v1, v2] = [await startHealthApp(), await startHealthApp()];
  onTestFinished(async () => {
    await Promise.all([v1.kill(), v2.kill()]);
  });
  await bench.deploy("web", [v1.address], withPages(path));
  const state = join(bench.directory, "kdeploy-proxy.state.json");
  const before = await readFile(state, "utf8");
  await expect(bench.deploy("web", [v2.address], withPages(`${path}-missing`))).rejects.toMatchObject({
    code: "error-pages-unusable",
  });
  expect(v2.requests).toEqual([]);
  expect(bench.dataPlane.rotation("web")).toEqual([v1.address]);
  expect(await readFile(state, "utf8")).toBe(before);
  await bench.end();
  expect((await startControl(bench.directory)).dataPlane.rotation("web")).toEqual([v1.address]);
});

test("pages that are missing at a restart cost their own service only, until they are back: weak point 3 [W3]", async () => {
  const path = await pagesIn({ "503.html": PAGE });
  const bench = await startControl();
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  await bench.deploy("web", [app.address], { hosts: ["web.example"], ...withPages(path) });
  await bench.deploy("other", [app.address], { hosts: ["other.example"] });
  await bench.end();
  await rename(path, `${path}-away`);
  const without = await startControl(bench.directory);
  expect(without.dataPlane.table.services.map(({ name }) => name)).toEqual(["other"]);
  expect((await without.plane.list()).quarantined).toEqual([
    { name: "web", reason: expect.stringMatching(/^unable to load error pages: --error-pages .*ENOENT/) },
  ]);
  expect(without.log.saying("Service not restored; its entry is kept until it is deployed or removed")).toHaveLength(1);
  await without.plane.resume("other");
  await without.end();
  await rename(`${path}-away`, path);
  const back = await startControl(bench.directory);
  expect(back.dataPlane.rotation("web")).toEqual([app.address]);
  await back.end();
  await rm(path, { recursive: true });
  const cured = await startControl(bench.directory);
  await cured.deploy("web", [app.address], { hosts: ["web.example"] });
  expect((await cured.plane.list()).quarantined).toEqual([]);
});
