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
  leaf("diff", "Show where the servers differ from the configuration", () => import("./diff.ts")),
  leaf("reconcile", "Remove or renew what differs from the configuration", () => import("./reconcile.ts")),
  leaf("upgrade", "Move servers from Kamal 1 to this proxy", () => import("./upgrade.ts")),
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
  group("accessory", "Manage databases and other containers beside the app", [
    leaf("boot", "Start accessories where they are not yet", () => import("./accessory/boot.ts")),
    leaf("reboot", "Replace an accessory's container by a new one", () => import("./accessory/reboot.ts")),
    leaf(
      "upgrade",
      "Pull an accessory's image, replace its container, and wait for it",
      () => import("./accessory/upgrade.ts"),
    ),
    leaf("start", "Start an accessory that was stopped", () => import("./accessory/start.ts")),
    leaf("stop", "Stop an accessory", () => import("./accessory/stop.ts")),
    leaf("restart", "Stop and start an accessory", () => import("./accessory/restart.ts")),
    leaf("details", "Show the containers of accessories", () => import("./accessory/details.ts")),
    leaf("exec", "Run a command in an accessory", () => import("./accessory/exec.ts")),
    leaf("logs", "Show what an accessory has written", () => import("./accessory/logs.ts")),
    leaf("backup", "Run the hook that backs an accessory up", () => import("./accessory/backup.ts")),
    leaf("restore", "Run the hook that restores an accessory", () => import("./accessory/restore.ts")),
    leaf("remove", "Remove an accessory with its image and its data", () => import("./accessory/remove.ts")),
    hidden(leaf("upload", "Upload files", () => import("./accessory/upload.ts"))),
    hidden(leaf("directories", "Make directories", () => import("./accessory/directories.ts"))),
    hidden(leaf("pull-image", "Pull the image", () => import("./accessory/pull-image.ts"))),
    hidden(leaf("remove-container", "Remove the stopped container", () => import("./accessory/remove-container.ts"))),
    hidden(leaf("remove-image", "Remove the image", () => import("./accessory/remove-image.ts"))),
    hidden(
      leaf("remove-service-directory", "Remove the files", () => import("./accessory/remove-service-directory.ts")),
    ),
  ]),
  group("build", "Build the image of the app", [
    leaf("push", "Build the image and push it to the registry", () => import("./build/push.ts")),
    leaf("pull", "Pull the image on the servers", () => import("./build/pull.ts")),
    leaf("deliver", "Build, push and pull", () => import("./build/deliver.ts")),
    leaf("dev", "Build what is in the working directory, for this machine", () => import("./build/dev.ts")),
    leaf("create", "Make the builder", () => import("./build/create.ts")),
    leaf("remove", "Remove the builder", () => import("./build/remove.ts")),
    leaf("details", "Show the builders there are", () => import("./build/details.ts")),
  ]),
  group("registry", "Log in to the registry, and out of it", [
    leaf(
      "setup",
      "Start the local registry, or log in to the one that is configured",
      () => import("./registry/setup.ts"),
    ),
    leaf("login", "Log in, on this machine and on the servers", () => import("./registry/login.ts")),
    leaf("logout", "Log out, on this machine and on the servers", () => import("./registry/logout.ts")),
    leaf("remove", "Remove the local registry, or log out", () => import("./registry/remove.ts")),
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
    hidden(
      leaf("boot-config", "Set, show or reset boot files of the original", () => import("./proxy/boot-config.ts")),
    ),
    hidden(leaf("upgrade", "Replace the proxy of Kamal 1 by this one", () => import("./proxy/upgrade.ts"))),
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
