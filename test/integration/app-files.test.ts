/** What an app has besides its containers, on real servers: assets, error pages, certificates, variables by tag, settings of the proxy, and the way from Kamal 1. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppProject } from "../support/bed/app-project.ts";
import { visitHttps } from "../support/bed/https-visit.ts";
import type { KdeployResult } from "../support/bed/kdeploy.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { visit } from "../support/bed/traffic.ts";
import { reasonToSkip } from "../support/docker/engine.ts";
import { certificateFor, type TestCertificate } from "../support/test-certificates.ts";

const skip = reasonToSkip();
const [SHOP, ADMIN] = ["shop.example.com", "admin.example.com"];
const FOLDERS = ["assets", "packs"];
const ASSETS = ".kamal/apps/node-app/assets";

let bed: Bed;
let project: AppProject;
let one: Server;
let two: Server;
let three: Server;
let certificate: TestCertificate;
const versions: string[] = [];

if (skip !== undefined) process.stderr.write(`Files of apps are not tested on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("an app's files on two servers", () => {
  beforeAll(async () => {
    bed = await startBed();
    [one, two, three] = bed.servers;
    await bed.reset();
    project = await AppProject.create();
    await changeApp();
    await writeAssets("first");
    await mkdir(join(project.folder, "pages"));
    await writeFile(join(project.folder, "pages/503.html"), "<h1>We mend it: {{ .Message }}</h1>");
    await writeConfig("");
    certificate = await certificateFor([SHOP, ADMIN]);
    versions[1] = await project.commit("first");
    await kdeploy("setup");
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("HTTPS is served with the certificate from the secrets, whose key nobody else can read", async () => {
    for (const server of [one, two])
      expect(await visitHttps(server, SHOP, "/", certificate.ca)).toMatchObject({ status: 200 });
    const tls = ".kamal/proxy/apps-config/node-app/tls/web";
    expect(await one.inside(`stat -c '%a %u' /root/${tls}/key.pem`)).toBe("600 1001");
    const sent = [one, two].flatMap((server) => server.commands().map(({ text }) => text));
    expect(sent.filter((text) => text.includes("PRIVATE KEY"))).toEqual([]);
  });

  test("variables of a tag are on the hosts that carry it, and on no other", async () => {
    const flags = [one, two].map(async (server) => {
      const { body } = await visitHttps(server, SHOP, "/env", certificate.ca);
      const { FLAG, SECRET_FLAG } = JSON.parse(body) as Record<string, string>;
      return [FLAG, SECRET_FLAG];
    });
    expect(await Promise.all(flags)).toEqual([
      [undefined, undefined],
      ["on", "only here"],
    ]);
  });

  test("the next deploy brings the new certificate, and keeps the assets of the old version", async () => {
    const before = certificate;
    const { serial } = await visitHttps(one, SHOP, "/", before.ca);
    certificate = await certificateFor([SHOP, ADMIN]);
    await writeAssets("second");
    await writeConfig("log_max_size: 20m");
    versions[2] = await project.commit("second");
    const { output } = await kdeploy("deploy");
    const notices = output.split("\n").filter((line) => line.includes("not as proxy.run says"));
    expect(notices).toHaveLength(2);
    expect(notices[0]).toMatch(/log size 20m instead of 10m\. kdeploy proxy reboot --rolling applies it/);
    for (const server of [one, two]) {
      expect((await visitHttps(server, SHOP, "/", certificate.ca)).serial).not.toBe(serial);
      for (const folder of FOLDERS) {
        for (const name of ["first", "second"])
          expect((await visitHttps(server, SHOP, `/${folder}/${name}.js`, certificate.ca)).body).toBe(
            `${folder} ${name}`,
          );
      }
    }
  });

  test("old assets are cleared away, and those of a role whose name begins alike are none of them", async () => {
    const kept = await two.inside(`cd /root/${ASSETS} && ls extracted extracted-2 volumes volumes-2`);
    for (const role of ["web", "web-admin"])
      expect(kept.match(new RegExp(`^${role}-[0-9a-f]{40}$`, "gm"))).toEqual(Array(4).fill(`${role}-${versions[2]}`));
    expect((await visitHttps(two, ADMIN, "/assets/first.js", certificate.ca)).body).toBe("assets first");
  });

  test("a directory that the image does not have is named before anything is switched", async () => {
    const before = await running();
    await project.change("config/deploy.yml", (text) => text.replace("/app/public/packs", "/app/public/missing"));
    const { exitCode, output } = await project.kdeploy(redeploy(), { env: secrets() });
    expect(exitCode, output).toBe(1);
    expect(output).toContain(`the image of ${versions[2]} has no directory /app/public/missing`);
    expect(output).toContain("No host was switched");
    expect(await running()).toEqual(before);
    expect(await one.engine("ps", "--all", "--quiet", "--filter", "name=assets")).toBe("");
    await project.change("config/deploy.yml", (text) => text.replace("/app/public/missing", "/app/public/packs"));
  });

  test("maintenance shows the app's own page", async () => {
    await kdeploy("app", "maintenance", "--message", "back at noon");
    for (const server of [one, two]) {
      const answer = await visitHttps(server, SHOP, "/", certificate.ca);
      expect(answer).toMatchObject({ status: 503, body: "<h1>We mend it: back at noon</h1>" });
    }
    await kdeploy("app", "live");
    expect((await visitHttps(one, SHOP, "/", certificate.ca)).status).toBe(200);
  });

  test("a reboot of the proxy applies its settings, and one that cannot start leaves the old one", async () => {
    await kdeploy("proxy", "reboot", "--rolling", "--yes");
    for (const server of [one, two]) {
      expect(await logSize(server)).toBe("20m");
      expect((await visitHttps(server, SHOP, "/", certificate.ca)).status).toBe(200);
    }
    expect((await kdeploy("proxy", "boot")).output).not.toContain("not as proxy.run says");
    await writeConfig("log_max_size: 30m, options: { memory: 1 }");
    const { exitCode, output } = await project.kdeploy(["proxy", "reboot", "--yes", "--hosts", one.address], {
      env: secrets(),
    });
    expect(exitCode, output).toBe(1);
    expect(output).toContain("the new proxy did not start; the one from before runs again");
    expect(await logSize(one)).toBe("20m");
    expect((await visitHttps(one, SHOP, "/", certificate.ca)).status).toBe(200);
  });

  test("upgrade replaces Traefik of Kamal 1, and boots the app behind the new proxy", async () => {
    const version = versions[2] ?? "";
    const traefik = ["--label", "org.opencontainers.image.title=Traefik", "--publish", "80:80", "busybox:latest"];
    await three.engine("run", "--detach", "--name", "traefik", ...traefik, "httpd", "-f", "-p", "80");
    const old = ["service=node-app", "role=web", "destination="].flatMap((label) => ["--label", label]);
    await three.engine("run", "--detach", "--name", `node-app-web-${version}`, ...old, "busybox", "sleep", "1000");
    await project.change("config/deploy.yml", (text) =>
      text
        .replace(/^servers:[^]*?(?=^proxy:)/m, `servers: [${three.address}]\n`)
        .replace(/^proxy:[^]*?(?=^asset_path)/m, "proxy: { app_port: 3000, healthcheck: { interval: 1 } }\n"),
    );
    expect((await fetch(three.url)).status).toBe(404);
    const { output } = await kdeploy("upgrade", "--yes");
    expect(output).toContain(version);
    expect(await visit(`${three.url}/`)).toBe(version);
    const names = await three.engine("ps", "--all", "--format", "{{.Names}} {{.State}}");
    expect(names).not.toContain("traefik");
    expect(names).toContain(`node-app-web-${version} running`);
    expect(names).toContain("kamal-proxy running");
  });
});

/** Assets are served from two directories, and variables are shown. */
async function changeApp(): Promise<void> {
  await project.change("Dockerfile", (text) =>
    text.replace("COPY server.mjs ./", "COPY server.mjs ./\nCOPY public public"),
  );
  await project.change(".dockerignore", (text) => `${text}!public\n`);
  await project.change("server.mjs", (text) =>
    text
      .replace("import { once }", 'import { readFileSync } from "node:fs";\nimport { once }')
      .replace(
        '  } else if (pathname === "/slow")',
        '  } else if (/^\\/(assets|packs)\\//.test(pathname)) {\n    response.end(readFileSync(`public${pathname}`));\n  } else if (pathname === "/slow")',
      ),
  );
  await project.change(
    ".kamal/secrets",
    (text) => `${text}CERTIFICATE=$CERTIFICATE\nPRIVATE_KEY=$PRIVATE_KEY\nSECRET_FLAG="only here"\n`,
  );
}

/** The only file of each directory: a version has none of the others' assets. */
async function writeAssets(name: string): Promise<void> {
  for (const folder of FOLDERS) {
    const directory = join(project.folder, "public", folder);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, `${name}.js`), `${folder} ${name}`);
  }
}

async function writeConfig(run: string): Promise<void> {
  const original = await project.read("config/deploy.yml");
  const [, rest = ""] = original.split(/^(?=registry:)/m);
  await writeFile(
    join(project.folder, "config/deploy.yml"),
    `service: node-app
image: examples/node-app
servers:
  web:
    hosts:
      - ${one.address}
      - ${two.address}: canary
  web-admin:
    hosts: [${two.address}]
    proxy: { host: ${ADMIN} }
proxy:
  host: ${SHOP}
  ssl: { certificate_pem: CERTIFICATE, private_key_pem: PRIVATE_KEY }
  app_port: 3000
  healthcheck: { interval: 1 }
  run: { ${run} }
asset_path: [/app/public/assets, "/app/public/packs:ro"]
error_pages_path: pages
env:
  clear: { TEST_MODE: "1" }
  secret: [APP_SECRET]
  tags:
    canary: { clear: { FLAG: "on" }, secret: [SECRET_FLAG] }
${rest}`,
  );
}

function secrets(): NodeJS.ProcessEnv {
  return { CERTIFICATE: certificate.chain, PRIVATE_KEY: certificate.privateKey };
}

/** Must do what it is told, and keep the key to itself. */
async function kdeploy(...args: readonly string[]): Promise<KdeployResult> {
  const result = await project.kdeploy(args, { env: secrets(), timeoutMs: 240_000 });
  expect(result.exitCode, result.output).toBe(0);
  expect(result.output).not.toContain("PRIVATE KEY");
  return result;
}

function redeploy(): string[] {
  return ["redeploy", "--skip-push", "--version", versions[2] ?? ""];
}

function running(): Promise<string[]> {
  return Promise.all([one, two].map((server) => server.engine("ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}")));
}

function logSize(server: Server): Promise<string> {
  return server.engine("inspect", "kamal-proxy", "--format", '{{index .HostConfig.LogConfig.Config "max-size"}}');
}
