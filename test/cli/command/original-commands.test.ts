/** Every command and option of the original is there, with its short form. Source: cli-commands §1–§9. */
import { describe, expect, test } from "vitest";
import type { Entry, Leaf } from "../../../cli/command/command.ts";
import { COMMANDS } from "../../../cli/command/commands.ts";
import { CHANGE_OPTIONS, type OptionTable, SHARED_OPTIONS } from "../../../cli/command/options.ts";

const GLOBAL =
  "verbose:v quiet:q version primary:p hosts:h roles:r config-file:c destination:d skip-hooks:H lock-wait lock-wait-timeout lock-wait-interval";
const LOGS = "since:s lines:n grep:g follow:f skip-timestamps:T";
const DELIVERY = "skip-push:P no-cache";
const REGISTRY = "skip-local:L skip-remote:R";

/** Long names with their letters. `init --bundle` is for Ruby alone; `--inline` is hidden there, too. */
const ORIGINAL: Readonly<Record<string, string>> = {
  setup: DELIVERY,
  deploy: DELIVERY,
  redeploy: DELIVERY,
  rollback: "",
  details: "",
  audit: "",
  config: "",
  docs: "",
  init: "",
  remove: "confirmed:y",
  upgrade: "confirmed:y rolling",
  version: "",
  "app boot": "",
  "app start": "",
  "app stop": "",
  "app details": "",
  "app containers": "",
  "app images": "",
  "app exec": "interactive:i reuse env:e detach raw",
  "app stale_containers": "stop:s",
  "app logs": `${LOGS} grep-options container-id`,
  "app version": "",
  "app live": "",
  "app maintenance": "drain-timeout message",
  "app remove": "",
  "app remove_container": "",
  "app remove_containers": "",
  "app remove_images": "",
  "app remove_app_directories": "",
  "build deliver": "",
  "build push": "output no-cache",
  "build pull": "",
  "build create": "",
  "build remove": "",
  "build details": "",
  "build dev": "output no-cache",
  "accessory boot": "",
  "accessory reboot": "",
  "accessory start": "",
  "accessory stop": "",
  "accessory restart": "",
  "accessory details": "",
  "accessory exec": "interactive:i reuse raw",
  "accessory logs": `${LOGS} grep-options`,
  "accessory remove": "confirmed:y",
  "accessory upgrade": "confirmed:y rolling",
  "accessory upload": "",
  "accessory directories": "",
  "accessory pull_image": "",
  "accessory remove_container": "",
  "accessory remove_image": "",
  "accessory remove_service_directory": "",
  "proxy boot": "",
  "proxy reboot": "confirmed:y rolling",
  "proxy start": "",
  "proxy stop": "",
  "proxy restart": "",
  "proxy details": "",
  "proxy logs": LOGS,
  "proxy remove": "force",
  "proxy boot_config":
    "publish publish-host-ip http-port https-port log-max-size registry repository image-version metrics-port debug docker-options",
  "proxy upgrade": "confirmed:y rolling",
  "proxy remove_container": "",
  "proxy remove_image": "",
  "proxy remove_proxy_directory": "",
  "prune all": "",
  "prune images": "",
  "prune containers": "retain",
  "registry setup": REGISTRY,
  "registry login": REGISTRY,
  "registry logout": REGISTRY,
  "registry remove": REGISTRY,
  "lock status": "",
  "lock acquire": "message:m",
  "lock release": "",
  "secrets fetch": "adapter:a account from",
  "secrets extract": "",
  "secrets print": "",
  "server exec": "interactive:i raw",
  "server bootstrap": "",
};

/** Not in the original's help either, but for `proxy boot_config`, which is deprecated there. */
const HIDDEN =
  /^(?:proxy upgrade|proxy boot_config|(?:app|proxy|accessory) (?:remove_|upload|directories|pull_image)\S*)$/;

function leafOf(words: string): Leaf | undefined {
  const [first = "", second] = words.replaceAll("_", "-").split(" ");
  const entry: Entry | undefined = COMMANDS.find(({ name }) => name === first);
  if (entry === undefined || !("commands" in entry)) return second === undefined ? entry : undefined;
  return entry.commands.find(({ name, aliases = [] }) => name === second || aliases.includes(second ?? ""));
}

/** `confirmed:y` for an option of this name, or with this as another name, with its letter. */
function has(table: OptionTable, wanted: string): boolean {
  const [long = "", short] = wanted.split(":");
  const found = Object.entries(table).find(([name, { aliases = [] }]) => name === long || aliases.includes(long));
  return found !== undefined && (short === undefined || found[1].short === short);
}

describe("commands of the original", () => {
  test.each(Object.entries(ORIGINAL))("%s %s", async (words, options) => {
    const leaf = leafOf(words);
    if (leaf === undefined) throw new Error(`there is no ${words}`);
    const { options: own } = await leaf.load();
    const table = { ...SHARED_OPTIONS, ...CHANGE_OPTIONS, ...own };
    const missing = options.split(" ").filter((option) => option !== "" && !has(table, option));
    expect(missing).toEqual([]);
    expect(leaf.hidden === true).toBe(HIDDEN.test(words));
  });

  test.each(GLOBAL.split(" "))("every command takes --%s", (option) => {
    expect(has(SHARED_OPTIONS, option)).toBe(true);
  });

  test("no letter of a command's own is that of a global option", async () => {
    const all: OptionTable = SHARED_OPTIONS;
    const shared = Object.values(all).flatMap(({ short = "" }) => short || []);
    for (const words of Object.keys(ORIGINAL)) {
      const own = Object.values((await leafOf(words)?.load())?.options ?? {}).flatMap(({ short = "" }) => short || []);
      expect(
        own.filter((letter) => shared.includes(letter)),
        words,
      ).toEqual([]);
    }
  });
});
