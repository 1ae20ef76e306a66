/** The bed's keys, certificates and client files, made anew for each bed in a folder that only its owner can read. */
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../support/docker/engine.ts";
import { BED_FOLDER, FILES, HUB, REGISTRY, recordsFolder, SERVERS, serverFolder } from "./layout.ts";

export type LocalDocker = {
  /** What Dockerfiles of examples are built on here. */
  readonly nodeImage: string;
  /** Path of the plugin where Docker does not have it. */
  readonly buildx: string | undefined;
};

export async function makeAccess({ nodeImage, buildx }: LocalDocker): Promise<void> {
  await rm(BED_FOLDER, { recursive: true, force: true });
  await mkdir(BED_FOLDER, { recursive: true, mode: 0o700 });
  const hub = { key: join(BED_FOLDER, "hub.key"), certificate: join(BED_FOLDER, "hub.crt") };
  await Promise.all([
    makeKey(FILES.identity),
    makeCertificate(HUB.host, hub.key, hub.certificate),
    ...SERVERS.map(async ({ name }) => {
      // The recorder runs as whoever logs in.
      await mkdir(recordsFolder(name), { recursive: true });
      await chmod(recordsFolder(name), 0o1777);
      await mkdir(serverFolder(name));
      await makeKey(join(serverFolder(name), "host_key"));
    }),
  ]);
  const authorized = await readFile(`${FILES.identity}.pub`, "utf8");
  const certificate = await readFile(hub.certificate, "utf8");
  const known: string[] = [];
  for (const { name, address } of SERVERS) {
    await writeFile(join(serverFolder(name), "authorized_keys"), authorized);
    await writeFile(join(serverFolder(name), "hub.crt"), certificate);
    const hostKey = await readFile(join(serverFolder(name), "host_key.pub"), "utf8");
    known.push(`${name},${address} ${hostKey.split(" ").slice(0, 2).join(" ")}\n`);
  }
  await writeFile(FILES.knownHosts, known.join(""));
  await writeFile(FILES.sshConfig, sshConfig());
  const variables = {
    KDEPLOY_BED: BED_FOLDER,
    KAMAL_REGISTRY_PASSWORD: REGISTRY.password,
    NODE_IMAGE: nodeImage,
    DOCKER_CONFIG: FILES.dockerConfig,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${value}\n`);
  // A program, not a function of the shell, so that hooks have it too.
  lines.push(`export PATH='${FILES.programs}':"$PATH"\n`);
  await mkdir(FILES.programs);
  // The machine's own Node may be too old for it.
  const program = join(import.meta.dirname, "../../cli/kdeploy.mjs");
  await writeFile(join(FILES.programs, "kdeploy"), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  await writeFile(FILES.environment, lines.join(""));
  await mkdir(join(FILES.dockerConfig, "cli-plugins"), { recursive: true });
  if (buildx !== undefined) await symlink(buildx, join(FILES.dockerConfig, "cli-plugins", "docker-buildx"));
  const auth = Buffer.from(`${REGISTRY.username}:${REGISTRY.password}`).toString("base64");
  await writeFile(join(FILES.dockerConfig, "config.json"), JSON.stringify({ auths: { [REGISTRY.server]: { auth } } }));
}

/** Works by name and by address. The user is said by whoever calls. */
function sshConfig(): string {
  const hosts = SERVERS.map(({ name, address }) => `Host ${name}\n  HostName ${address}\n`);
  return `${hosts.join("")}Host ${SERVERS.flatMap(({ name, address }) => [name, address]).join(" ")}
  IdentityFile ${FILES.identity}
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile ${FILES.knownHosts}
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
`;
}

async function makeKey(path: string): Promise<void> {
  await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kdeploy bed", "-f", path);
}

/** Its own authority. */
async function makeCertificate(host: string, key: string, certificate: string): Promise<void> {
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
  const names = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
  await must("openssl", ...made, ...names, "-keyout", key, "-out", certificate);
}

async function must(program: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await run(program, args);
  if (code !== 0) throw new Error(`${program} exited with ${code}\n${stderr}`);
}
