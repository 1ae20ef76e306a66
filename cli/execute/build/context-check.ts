/** What a build of a directory gets that is not committed: Docker is asked what the context has, git what has changed. */
import { copyFile, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { CHECK_DOCKERFILE, listContext, parseContext } from "../../remote/build-check.ts";
import { parseUncommitted, topLevel, uncommitted } from "../../remote/git-state.ts";
import { inStep } from "../in-step.ts";
import { MAX_LISTING_BYTES } from "../limits.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { askGit, tellUncommitted } from "./sources.ts";
import type { BuildTools } from "./tools.ts";

/** Nothing outside of a git repository. */
export async function warnOfUncommitted(work: Work, { kind, buildx }: BuildTools): Promise<void> {
  const [root, changed] = [await askGit(work, topLevel()), await askGit(work, uncommitted({ all: true }))];
  if (root === undefined || changed === undefined || changed === "") return;
  const context = await realpath(resolve(work.cwd, work.config.builder.context ?? ".")).catch(() => undefined);
  // A context that is no directory here has nothing of this one.
  if (context === undefined) return;
  const from = parseUncommitted(changed).map((path) => ({ path, inContext: relative(context, join(root, path)) }));
  const included = buildx && kind.type !== "pack" ? await filesInContext(work, kind.name) : undefined;
  const told = from.filter(({ inContext }) =>
    included === undefined ? !inContext.startsWith("../") : included.has(inContext),
  );
  if (told.length === 0) return;
  const title = included === undefined ? "This may be in the image, though" : "This is in the image, though";
  tellUncommitted(
    work,
    `${title} it is not committed:`,
    told.map(({ path }) => path),
  );
}

/** Undefined in dry runs, which build nothing. */
async function filesInContext(work: Work, builder: string | undefined): Promise<Set<string> | undefined> {
  const directory = await mkdtemp(join(work.env["TMPDIR"] ?? tmpdir(), "kdeploy-check-"));
  try {
    await writeFile(join(directory, "Dockerfile"), CHECK_DOCKERFILE);
    // One of this Dockerfile's own counts in place of the context's.
    const ignored = resolve(work.cwd, `${work.config.builder.dockerfile}.dockerignore`);
    await copyFile(ignored, join(directory, "Dockerfile.dockerignore")).catch(() => {});
    return await inStep(work, "Look what the build gets", [], async () => {
      const options = { level: "debug", keepBytes: MAX_LISTING_BYTES } as const;
      const { stdout } = await runCommand(work, LOCALHOST, listContext(work.config, builder, directory), options);
      return work.dryRun ? undefined : parseContext(stdout);
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
