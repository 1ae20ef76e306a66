/** An example app as a project of a test's own: a copy in a temporary folder, under git, whose versions are commits. */
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forThisBed } from "../../bed/layout.ts";
import { run } from "../docker/engine.ts";
import { nodeImage } from "../docker/images.ts";
import { type KdeployOptions, type KdeployResult, type RunningKdeploy, runKdeploy, startKdeploy } from "./kdeploy.ts";

const EXAMPLES = join(import.meta.dirname, "../../../examples");

export class AppProject {
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;

  static async create(example: "fullstack-app" | "node-app" = "node-app"): Promise<AppProject> {
    const folder = await mkdtemp(join(tmpdir(), "kdeploy-app-"));
    const project = new AppProject(folder, { NODE_IMAGE: await nodeImage() });
    await cp(join(EXAMPLES, example), folder, { recursive: true });
    await project.change("config/deploy.yml", forThisBed);
    await project.#git("init", "--quiet", "--initial-branch=main");
    return project;
  }

  private constructor(folder: string, environment: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#environment = environment;
  }

  /** A new version. @returns it, as kdeploy names it */
  async commit(message: string): Promise<string> {
    await appendFile(join(this.folder, "server.mjs"), `// ${message}\n`);
    await this.#git("add", "--all");
    await this.#git("commit", "--quiet", "--allow-empty", `--message=${message}`);
    return (await this.#git("rev-parse", "HEAD")).trim();
  }

  read(file: string): Promise<string> {
    return readFile(join(this.folder, file), "utf8");
  }

  /** Not committed yet. */
  async change(file: string, edit: (text: string) => string): Promise<void> {
    await writeFile(join(this.folder, file), edit(await this.read(file)));
  }

  /** Not committed. */
  async addHook(name: string, script: string): Promise<void> {
    await mkdir(join(this.folder, ".kamal/hooks"), { recursive: true });
    await writeFile(join(this.folder, ".kamal/hooks", name), script, { mode: 0o755 });
  }

  async removeHook(name: string): Promise<void> {
    await rm(join(this.folder, ".kamal/hooks", name));
  }

  kdeploy(args: readonly string[], more: Partial<KdeployOptions> = {}): Promise<KdeployResult> {
    return runKdeploy(args, this.#options(more));
  }

  start(args: readonly string[], more: Partial<KdeployOptions> = {}): RunningKdeploy {
    return startKdeploy(args, this.#options(more));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #options(more: Partial<KdeployOptions>): KdeployOptions {
    return { cwd: this.folder, ...more, env: { ...this.#environment, ...more.env } };
  }

  async #git(...args: readonly string[]): Promise<string> {
    const who = ["-c", "user.name=Bed", "-c", "user.email=bed@example.com"];
    const { code, stdout, stderr } = await run("git", ["-C", this.folder, ...who, ...args]);
    if (code !== 0) throw new Error(`git ${args[0]} exited with ${code}\n${stderr}`);
    return stdout;
  }
}
