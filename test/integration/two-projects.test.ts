/** Two projects of two users on one server with one proxy: neither loses what is its own, whoever does what to the proxy. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppProject } from "../support/bed/app-project.ts";
import { pushVersion } from "../support/bed/pushed-version.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { reasonToSkip } from "../support/docker/engine.ts";
import { certificateFor, type TestCertificate } from "../support/test-certificates.ts";

const skip = reasonToSkip();
/** Each project: its service, its user on the server, the name that its certificate is for. */
const PROJECTS = [
  { service: "first-app", user: "root", name: "first.example" },
  { service: "second-app", user: "deploy", name: "second.example" },
] as const;

type Deployed = { readonly project: AppProject; readonly name: string; readonly certificate: TestCertificate };

let bed: Bed;
let server: Server;
const deployed: Deployed[] = [];

if (skip !== undefined) process.stderr.write(`Two projects are not tested on a server: ${skip}.\n`);

describe.skipIf(skip !== undefined)("two projects of two users behind one proxy", () => {
  beforeAll(async () => {
    bed = await startBed();
    [server] = bed.servers;
    await bed.reset();
    for (const { service, user, name } of PROJECTS) {
      const project = await AppProject.create();
      const certificate = await certificateFor([name]);
      deployed.push({ project, name, certificate });
      await project.change("config/deploy.yml", (text) =>
        text
          .replace("service: node-app", `service: ${service}`)
          .replace("examples/node-app", `examples/${service}`)
          .replace(/\nservers:[\s\S]*?\nproxy:/, `\nservers: [${server.address}]\n\nproxy:`)
          .replace(
            "app_port: 3000",
            `app_port: 3000\n  host: ${name}\n  ssl: { certificate_pem: CERTIFICATE, private_key_pem: KEY }`,
          )
          .replace("\nssh:\n", `\nssh:\n  user: ${user}\n`),
      );
      await project.change(".kamal/secrets", (text) => `${text}CERTIFICATE=$CERTIFICATE\nKEY=$KEY\n`);
      await project.commit("first");
      await pushVersion(bed, project, "one", service);
    }
  });

  afterAll(async () => {
    for (const { project } of deployed) await project.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("the second finds the proxy of the first, and both answer with their own certificates [CLI-24]", async () => {
    for (const one of deployed) await kdeploy(one, "setup", "--skip-push", "--version", "one");
    await expect.poll(answers, PATIENTLY).toEqual([OWN, OWN]);
    expect(await server.engine("ps", "--quiet", "--filter", "name=^kamal-proxy$")).not.toContain("\n");
    expect(await server.inside("cat /root/.kamal/*-audit.log")).not.toContain("second-app");
    expect(await server.inside("ls /home/deploy/.kamal/apps")).toBe("second-app");
  });

  test("when one has the proxy replaced, the other loses neither state nor certificate [CLI-24]", async () => {
    for (const one of deployed.toReversed()) {
      await kdeploy(one, "proxy", "reboot", "--confirmed");
      await expect.poll(answers, PATIENTLY).toEqual([OWN, OWN]);
    }
  });

  test("when one removes its app, the other and the proxy stay [CLI-24]", async () => {
    const [first, second] = deployed as [Deployed, Deployed];
    await kdeploy(first, "remove", "--confirmed");
    expect(await answer(second)).toEqual(OWN);
    await expect(answer(first)).rejects.toThrow(/alert|socket|reset/i);
  });
});

const OWN = { status: 200, version: "one", authorized: true };

const PATIENTLY = { timeout: 20_000, interval: 500 };

function answers() {
  return Promise.all(deployed.map((one) => answer(one).catch((error: unknown) => String(error))));
}

/** Must do what it is told. */
async function kdeploy({ project, certificate }: Deployed, ...args: readonly string[]): Promise<void> {
  const env = { CERTIFICATE: certificate.chain, KEY: certificate.privateKey };
  const { exitCode, output } = await project.kdeploy(args, { env });
  expect(exitCode, `kdeploy ${args.join(" ")}\n${output}`).toBe(0);
}

/** Over TLS, by its name: rejects when the certificate is not for it. */
async function answer({ name, certificate }: Deployed): Promise<typeof OWN> {
  const options: RequestOptions = {
    host: server.address,
    servername: name,
    headers: { host: name },
    ca: certificate.ca,
    agent: false,
    timeout: 10_000,
  };
  const asking = request(options);
  asking.on("timeout", () => asking.destroy(new Error("no answer")));
  asking.end();
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  response.resume();
  const { authorized } = response.socket as TLSSocket;
  await once(response, "end");
  return { status: response.statusCode ?? 0, version: String(response.headers["x-version"]), authorized };
}
