/** `node test/bed/bed.ts up | down | status | reset | ssh N [command]`: three servers on this machine, to play with. */
import { spawnSync } from "node:child_process";
import { startBed } from "../support/bed/servers.ts";
import { takeBed } from "./bed-lock.ts";
import { BED_FOLDER, FILES, REGISTRY, SERVERS } from "./layout.ts";
import { down, isUp, makeImages, status, up } from "./lifecycle.ts";

const USAGE = `npm run servers -- <command>

  up              bring up three servers, a registry and a stand-in for Docker Hub
  down            take everything down
  status          what runs
  reset           empty the servers: no containers, no apps' images, no files
  ssh N [command] a shell on server N, or one command
  images          only make the images
`;

const say = (text: string) => process.stdout.write(`${text}\n`);

async function main([command = "up", ...rest]: readonly string[]): Promise<number> {
  switch (command) {
    case "up":
      return alone(bringUp);
    case "down":
      return alone(async () => {
        await down();
        say("The servers are down.");
      });
    case "status": {
      const lines = await status();
      say(lines.length === 0 ? "The servers are down." : lines.join("\n"));
      return lines.length === 0 ? 1 : 0;
    }
    case "reset": {
      if (!(await isUp())) return notUp();
      const bed = await startBed();
      await bed.reset();
      await bed.end();
      return 0;
    }
    case "ssh":
      return (await isUp()) ? ssh(rest) : notUp();
    case "images":
      return alone(async () => say(Object.values(await makeImages()).join("\n")));
    default:
      process.stderr.write(USAGE);
      return 2;
  }
}

async function alone(work: () => Promise<unknown>): Promise<number> {
  const giveBack = await takeBed();
  try {
    await work();
    return 0;
  } finally {
    giveBack();
  }
}

async function bringUp(): Promise<void> {
  const startedAt = performance.now();
  say("Bringing up three servers (the very first time takes some minutes) …");
  const started = await up();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(started ? `Up after ${seconds} s.` : "They are up already.");
  say(`
Deploy the example app to them:

  . ${FILES.environment}
  cd examples/node-app
  kdeploy setup
${SERVERS.map(({ address }) => `  curl http://${address}/`).join("\n")}

Look around:   npm run servers -- ssh 1
Start afresh:  npm run servers -- reset
Take it down:  npm run servers -- down

For an app of your own: hosts ${SERVERS.map(({ address }) => address).join(", ")}; under ssh, config: ${FILES.sshConfig};
registry ${REGISTRY.server}, user deployer, password in ${BED_FOLDER}/environment.`);
}

function ssh([number = "1", ...command]: readonly string[]): number {
  const server = SERVERS[Number(number) - 1];
  if (server === undefined) {
    process.stderr.write(`There are servers 1 to ${SERVERS.length}.\n`);
    return 2;
  }
  const args = ["-F", FILES.sshConfig, "-l", "root", server.address, ...command];
  return spawnSync("ssh", args, { stdio: "inherit" }).status ?? 1;
}

function notUp(): number {
  process.stderr.write("The servers are down; npm run servers brings them up.\n");
  return 1;
}

// Whoever reads the first lines only has seen enough.
process.stdout.on("error", () => {});
process.exitCode = await main(process.argv.slice(2));
