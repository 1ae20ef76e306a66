/** Stands in for `enpass-cli`. */
import { args, ask, fail, print, state, usage } from "./stand-in.mjs";

if (args.join(" ") === "version") process.stderr.write("> enpass-cli arch=amd64 os=linux version=1.6.6\n");
else if (args[0] === "-json" && args[1] === "-vault" && args[3] === "show" && args.length > 4) {
  if (args[2] !== state.vault) fail("> could not create vault: vault does not exist");
  const password = process.env.MASTERPW ?? (await ask("Enter master password: "));
  if (password !== state.password) fail("> could not open vault", 2);
  const words = args.slice(4).map((word) => word.toLowerCase());
  const rows = state.cards.filter(({ title }) => words.some((word) => title.toLowerCase().includes(word)));
  print(rows.map((row) => ({ category: "computer", login: "", type: "password", ...row })));
} else usage();
