/** `aliases`: commands of one's own. Config-schema §9. */
import { line } from "../value-syntax.ts";
import { hash, text } from "./types.ts";

/** Names that an alias cannot take, because they are commands. */
export const COMMANDS: readonly string[] = [
  "accessory",
  "app",
  "audit",
  "build",
  "config",
  "deploy",
  "details",
  "docs",
  "help",
  "init",
  "lock",
  "proxy",
  "prune",
  "redeploy",
  "registry",
  "remove",
  "rollback",
  "secrets",
  "server",
  "setup",
  "upgrade",
  "version",
];

export const ALIAS_EXAMPLE = {
  console: "app exec --interactive --reuse 'bin/rails console'",
  tail: "app logs --follow --roles web",
};

export const aliases = hash(text(line), (name) => {
  if (!/^[a-z0-9_-]+$/.test(name)) return "names of aliases are lower-case letters, digits, hyphens and underscores";
  return COMMANDS.includes(name) ? `${name} is a command already` : undefined;
});
