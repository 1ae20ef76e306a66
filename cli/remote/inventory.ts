/** What `kdeploy diff` asks of a host: a configuration in, one line of shell that changes nothing and answers everything out. */
import type { Config } from "../config/config.ts";
import { absoluteImage, PROXY_CONTAINER } from "../config/names.ts";
import { readHosts } from "./app-hosts.ts";
import { word } from "./conventions.ts";
import { appFilters, nameFilter } from "./docker.ts";
import { MARK } from "./doctor.ts";
import { inspectLease } from "./lease.ts";
import { list } from "./proxy.ts";
import { showBootFiles } from "./proxy-boot-files.ts";
import { APPS_CONFIG } from "./proxy-run.ts";
import { quote } from "./shell.ts";

/** Lines of a list that are read; a host with more has other problems. */
const MAX_LIST_LINES = 5000;

const LISTED = '{{.ID}}|{{.State}}|{{.Names}}|{{.Label "service"}}|{{.Label "destination"}}|{{.Label "role"}}';
const CONTAINER =
  '{"id":{{json .Id}},"name":{{json .Name}},"image":{{json .Image}},"state":{{json .State}},' +
  '"config":{{json .Config}},"host":{{json .HostConfig}}}';
const IMAGE = '{"id":{{json .Id}},"config":{{json .Config}}}';

/**
 * For `parseInventory`. One round trip. What it prints has the variables of containers in it, secrets among them: it is for nobody to see.
 * Containers of other apps are listed, without what is in them. `files` are those to be summed up.
 */
export function inventory(config: Config, files: readonly string[] = []): string {
  const answers: readonly (readonly [string, string])[] = [
    ["home", "pwd"],
    ["log-driver", "docker info --format '{{.LoggingDriver}} {{.ID}}' 2> /dev/null"],
    ["latest", `docker image ls --no-trunc --quiet --filter reference=${absoluteImage(config, config.latestTag)}`],
    ["containers", `docker ps --all --no-trunc --filter label=service --format ${quote(LISTED)} | ${limited()}`],
    ["details", `ids=$(${concerned(config)}); test -z "$ids" || docker inspect --format ${quote(CONTAINER)} $ids`],
    [
      "images",
      `images=$(test -z "$ids" || docker inspect --format '{{.Image}}' $ids | sort -u); ` +
        `for one in $images; do docker image inspect --format ${quote(IMAGE)} $one; done`,
    ],
    ["routes", `${list()} --json || ${list()}`],
    ["boot-files", showBootFiles()],
    ["paths", `find .kamal/apps ${APPS_CONFIG} -mindepth 2 -maxdepth 4 | ${limited()}`],
    ["checksums", checksums(files)],
    ["lock", inspectLease(config)],
    ["hosts", readHosts(config)],
  ];
  // An answer may end without a newline; the next mark begins a line all the same.
  const lines = answers.map(([name, line]) => `echo '${MARK}${name}'; { ${line}; } 2> /dev/null; echo`);
  return `${lines.join("; ")}; echo '${MARK}end'`;
}

/** Ids of containers of this app that run, and of its accessories and the proxy in any state. */
function concerned(config: Config): string {
  const accessories = config.accessories.map(({ service }) => `--filter label=service=${word(service)}`);
  const others = [...accessories, nameFilter(PROXY_CONTAINER)];
  const lines = others.map((filter) => `docker ps --all --quiet --no-trunc ${filter}`);
  return `{ docker ps --quiet --no-trunc ${appFilters(config)} --filter label=role; ${lines.join("; ")}; } | sort -u`;
}

/** A line for each file: SHA-256 or a word, a blank, its path. */
function checksums(files: readonly string[]): string {
  if (files.length === 0) return "true";
  const sum = `if test -e "$f"; then sum=$(sha256sum < "$f") || sum=unreadable; else sum=missing; fi`;
  return `for f in ${files.map(word).join(" ")}; do ${sum}; echo "\${sum%% *} $f"; done`;
}

function limited(): string {
  return `head -n ${MAX_LIST_LINES}`;
}
