/** `ssh`: how servers are reached. Config-schema §8. */
import * as z from "zod";
import { argument, jumpHosts, line, word } from "../value-syntax.ts";
import { boolean, choice, key, list, section, text } from "./types.ts";

const PORT = "should be a port between 1 and 65535";

const sshPort = z
  .union([z.int(), z.string()], { error: PORT })
  .refine((value) => /^[0-9]{1,5}$/.test(String(value)) && Number(value) >= 1 && Number(value) <= 65_535, {
    error: PORT,
  });

const configFiles = choice(
  [list(text(argument)), boolean(), text(argument)],
  "should be a boolean, a path or an array of paths",
  (input) => (Array.isArray(input) ? 0 : typeof input === "boolean" ? 1 : typeof input === "object" ? undefined : 2),
);

export const ssh = section({
  user: key(text(word), "The user to log in as; root unless given.", "deploy"),
  port: key(sshPort, "Port of the SSH servers.", 22),
  proxy: key(
    text(jumpHosts),
    "Jump host that connections go through, [user@]host; the user is root unless given.",
    "ops@bastion.example.com",
  ),
  proxy_command: key(
    text(line),
    "Command whose input and output are the connection; it counts where proxy is not set.",
    "ssh -W %h:%p ops@bastion.example.com",
  ),
  log_level: key(text(word), "Accepted for compatibility; without effect: --verbose shows what goes on.", "fatal"),
  keys_only: key(boolean(), "Offer the keys named here only, not those of the agent.", false),
  keys: key(list(text(argument)), "Paths of private keys.", ["~/.ssh/id_ed25519"]),
  key_data: key(list(text()), "Names of secrets that hold private keys.", ["SSH_PRIVATE_KEY"]),
  config: key(configFiles, "Whether OpenSSH's configuration files are read, or which ones.", true),
  forward_agent: key(boolean(), "Let the servers use the keys of this machine's agent.", false),
  transport: key(
    z.enum(["built-in", "system"], { error: "should be built-in or system" }),
    "What connects: kdeploy itself, or the ssh program of this machine, for what only that can do. (kdeploy only)",
    "system",
  ),
});
