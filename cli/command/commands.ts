/** All commands: names and summaries at hand, each module loaded only when its command is run or explained. */
import type { CommandModule, Entry, Group, Leaf } from "./command.ts";

type Loaded = Promise<{ readonly command: CommandModule }>;

export const COMMANDS: readonly Entry[] = [
  leaf("setup", "Prepare the servers, then deploy", () => import("./setup.ts")),
  leaf("deploy", "Build and push the app, and switch the servers to it", () => import("./deploy.ts")),
  leaf("redeploy", "Deploy without touching the proxy, and without pruning", () => import("./redeploy.ts")),
  leaf("rollback", "Switch the servers back to a version that they have", () => import("./rollback.ts")),
  leaf("details", "Show the containers of proxy, app and accessories", () => import("./details.ts")),
  leaf("audit", "Show what was done to the app", () => import("./audit.ts")),
  leaf("remove", "Remove app, accessories and proxy from the servers", () => import("./remove.ts")),
  group("app", "Manage the containers of the app", [
    leaf("boot", "Boot the version that was deployed last anew, or the one named", () => import("./app/boot.ts")),
    leaf("start", "Start containers that were stopped", () => import("./app/start.ts")),
    leaf("stop", "Stop the app", () => import("./app/stop.ts")),
    leaf("details", "Show the containers that run", () => import("./app/details.ts")),
    leaf("containers", "Show all containers, in every state", () => import("./app/containers.ts")),
    leaf("images", "Show the images on the servers", () => import("./app/images.ts")),
    leaf("exec", "Run a command in containers of the app", () => import("./app/exec.ts")),
    leaf(
      "stale-containers",
      "Show or stop what an interrupted deploy has left running",
      () => import("./app/stale-containers.ts"),
    ),
    leaf("logs", "Show what the containers have written", () => import("./app/logs.ts")),
    leaf("version", "Show the version that runs", () => import("./app/version.ts")),
    leaf("live", "End maintenance", () => import("./app/live.ts")),
    leaf("maintenance", "Have the proxy answer requests itself", () => import("./app/maintenance.ts")),
    leaf("remove", "Remove containers, images and files of the app", () => import("./app/remove.ts")),
    hidden(
      leaf(
        "remove-container",
        "Remove the stopped containers of one version",
        () => import("./app/remove-container.ts"),
      ),
    ),
    hidden(leaf("remove-containers", "Remove all stopped containers", () => import("./app/remove-containers.ts"))),
    hidden(leaf("remove-images", "Remove all images", () => import("./app/remove-images.ts"))),
    hidden(
      leaf("remove-app-directories", "Remove the files of the app", () => import("./app/remove-app-directories.ts")),
    ),
  ]),
  group("proxy", "Manage the proxy", [
    leaf("boot", "Start the proxy where it does not run", () => import("./proxy/boot.ts")),
    leaf("reboot", "Replace the proxy by a new one", () => import("./proxy/reboot.ts")),
    leaf("start", "Start the proxy that was stopped", () => import("./proxy/start.ts")),
    leaf("stop", "Stop the proxy", () => import("./proxy/stop.ts")),
    leaf("restart", "Stop and start the proxy", () => import("./proxy/restart.ts")),
    leaf("details", "Show the container of the proxy", () => import("./proxy/details.ts")),
    leaf("logs", "Show what the proxy has written", () => import("./proxy/logs.ts")),
    leaf("remove", "Remove the proxy", () => import("./proxy/remove.ts")),
    hidden(leaf("boot-config", "Show or reset boot files of the original", () => import("./proxy/boot-config.ts"))),
    hidden(leaf("remove-container", "Remove the stopped container", () => import("./proxy/remove-container.ts"))),
    hidden(leaf("remove-image", "Remove the image", () => import("./proxy/remove-image.ts"))),
    hidden(leaf("remove-proxy-directory", "Remove the files", () => import("./proxy/remove-proxy-directory.ts"))),
  ]),
  group("server", "Manage the servers", [
    leaf("bootstrap", "Install Docker where it is missing", () => import("./server/bootstrap.ts")),
    leaf("exec", "Run a command on the servers", () => import("./server/exec.ts")),
  ]),
  group("prune", "Remove what old versions have left", [
    leaf("all", "Remove old containers and images", () => import("./prune/all.ts")),
    leaf("containers", "Remove containers of old versions", () => import("./prune/containers.ts")),
    leaf("images", "Remove images that no container has", () => import("./prune/images.ts")),
  ]),
  group("lock", "Manage the deploy lock", [
    leaf("status", "Say who has the lock", () => import("./lock/status.ts")),
    leaf("acquire", "Take the lock, so that nobody deploys", () => import("./lock/acquire.ts")),
    leaf("release", "Free the lock, whoever has it", () => import("./lock/release.ts")),
  ]),
  group("secrets", "Look at secrets", [
    leaf("print", "Print all secrets, in the clear", () => import("./secrets/print.ts")),
    leaf("extract", "Print one secret of what was fetched", () => import("./secrets/extract.ts")),
    leaf("fetch", "Fetch secrets from a password manager", () => import("./secrets/fetch.ts")),
  ]),
  leaf("doctor", "Look whether a deploy would go well", () => import("./doctor.ts")),
  leaf("config", "Print the configuration with all that it implies, without secrets", () => import("./config.ts")),
  leaf("check", "Check the configuration, without reaching any server", () => import("./check.ts")),
  leaf("docs", "Explain a section of the configuration", () => import("./docs.ts")),
  leaf("init", "Write a first configuration, secrets file and sample hooks", () => import("./init.ts")),
  leaf("completion", "Print a script that has a shell complete commands", () => import("./completion.ts")),
  leaf("version", "Print the version of kdeploy", () => import("./version.ts")),
  { ...leaf("config-schema", "Print the JSON Schema of deploy.yml", () => import("./config-schema.ts")), hidden: true },
];

function leaf(name: string, summary: string, load: () => Loaded): Leaf {
  return { name, summary, load: async () => (await load()).command };
}

/** Works, but is not in help. */
function hidden(entry: Leaf): Leaf {
  return { ...entry, hidden: true };
}

/** `group("app", "…", [leaf("boot", …), …])`. */
export function group(name: string, summary: string, commands: readonly Leaf[]): Group {
  return { name, summary, commands };
}
