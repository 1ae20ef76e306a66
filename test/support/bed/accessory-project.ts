/** A project with accessories and no app of its own, in a temporary folder, for the bed's first two servers. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FILES, HUB_IMAGES, REGISTRY, SERVERS } from "../../bed/layout.ts";
import { type KdeployOptions, type KdeployResult, runKdeploy } from "./kdeploy.ts";

const [FIRST, SECOND] = SERVERS.map(({ address }) => address);

const DEPLOY_YML = `service: shop
image: examples/shop
registry: { server: "${REGISTRY.server}", username: deployer, password: [KAMAL_REGISTRY_PASSWORD] }
builder: { arch: amd64, driver: docker, context: . }
ssh: { config: ${FILES.sshConfig} }
readiness_delay: 1
deploy_timeout: 20
drain_timeout: 1
accessories:
  db:
    image: ${HUB_IMAGES.postgres}
    host: ${FIRST}
    port: 5432
    cmd: postgres -c log_statement=ddl
    env:
      clear: { POSTGRES_USER: shop, POSTGRES_DB: shop_production }
      secret: [POSTGRES_PASSWORD]
    files:
      - config/schema.sql.erb:/docker-entrypoint-initdb.d/schema.sql
    directories:
      - data:/var/lib/postgresql/data
  cache:
    image: ${HUB_IMAGES.redis}
    hosts: [${FIRST}, ${SECOND}]
    cmd: redis-server --appendonly yes
    directories:
      - data:/data
  admin:
    image: ${HUB_IMAGES.busybox}
    hosts: [${FIRST}, ${SECOND}]
    cmd: httpd -f -p 3000 -h /www
    # Process 1 without a handler for it does not hear SIGTERM.
    options: { stop-signal: KILL }
    files:
      - www:/www
    proxy: { host: admin.example.com, app_port: 3000, healthcheck: { interval: 1 } }
`;

const OTHER_FILES: Readonly<Record<string, string>> = {
  Dockerfile: "FROM scratch\n",
  ".kamal/secrets": "KAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD\nPOSTGRES_PASSWORD='it is a \"secret\"'\n",
  "config/schema.sql.erb": `CREATE TABLE visits (who text);\nINSERT INTO visits VALUES ('<%= ENV["POSTGRES_USER"] %>');\n`,
  "www/up": "OK\n",
  "www/reports/today.txt": "three visits\n",
};

export class AccessoryProject {
  readonly folder: string;

  static async create(): Promise<AccessoryProject> {
    const project = new AccessoryProject(await mkdtemp(join(tmpdir(), "kdeploy-accessories-")));
    for (const [path, text] of Object.entries({ "config/deploy.yml": DEPLOY_YML, ...OTHER_FILES })) {
      await mkdir(dirname(join(project.folder, path)), { recursive: true });
      await writeFile(join(project.folder, path), text);
    }
    return project;
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Of deploy.yml, until it is changed back. */
  async change(from: string, to: string): Promise<void> {
    const file = join(this.folder, "config/deploy.yml");
    const text = await readFile(file, "utf8");
    if (!text.includes(from)) throw new Error(`deploy.yml has no ${from}`);
    await writeFile(file, text.replace(from, to));
  }

  /** As a person would: the sample loses its ending. */
  async useSampleHooks(...names: readonly string[]): Promise<void> {
    const hooks = join(this.folder, ".kamal/hooks");
    for (const name of names) await cp(join(hooks, `${name}.sample`), join(hooks, name));
  }

  kdeploy(args: readonly string[], more: Partial<KdeployOptions> = {}): Promise<KdeployResult> {
    return runKdeploy(args, { cwd: this.folder, ...more });
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
