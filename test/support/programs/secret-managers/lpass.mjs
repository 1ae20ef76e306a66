/** Stands in for LastPass's `lpass`. */
import { args, ask, fail, parse, print, save, state, usage } from "./stand-in.mjs";

const [command, ...more] = args;

if (command === "--version") print("LastPass CLI v1.6.1\n");
else if (command === "status") {
  if (more.join(" ") !== "--color never") usage();
  if (state.loggedIn === undefined) {
    print("Not logged in.\n");
    process.exit(1);
  }
  print(`Logged in as ${state.loggedIn}.\n`);
} else if (command === "login") {
  const { rest } = parse(more, []);
  if (rest.length !== 1) usage();
  if ((await ask("Master Password: ")) !== state.password) fail("Error: Invalid password.");
  state.loggedIn = rest[0];
  save();
  print(`Success: Logged in as ${rest[0]}.\n`);
} else if (command === "show") {
  const { options, rest } = parse(more, [], ["--json"]);
  if (!options["--json"] || rest.length === 0) usage();
  if (state.loggedIn === undefined)
    fail("Error: Could not find decryption key. Perhaps you need to login with `lpass login`.");
  const found = rest.map((name) =>
    state.entries.find((entry) => [entry.fullname, entry.name, entry.id].includes(name)),
  );
  if (found.includes(undefined) && state.lenient !== true) fail("Error: Could not find specified account(s).");
  print(
    found
      .filter((entry) => entry !== undefined)
      .map((entry) => ({
        username: "",
        last_modified_gmt: "0",
        last_touch: "0",
        group: "",
        url: "",
        note: "",
        ...entry,
      })),
  );
} else usage();
