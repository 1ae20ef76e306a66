/** Stands in for Bitwarden's `bw`. */
import { args, ask, fail, parse, print, save, state, usage } from "./stand-in.mjs";

const [command, ...more] = args;
const isUnlocked = state.loggedIn !== undefined && process.env.BW_SESSION === state.session;

if (command === "--version") print("2026.1.0\n");
else if (command === "status" && more.length === 0) {
  const status = state.loggedIn === undefined ? "unauthenticated" : isUnlocked ? "unlocked" : "locked";
  print(JSON.stringify({ serverUrl: null, lastSync: null, userEmail: state.loggedIn, userId: "1", status }));
} else if (command === "login") {
  const { rest } = parse(more, []);
  if (rest.length !== 1) usage();
  if ((await ask("? Master password: [input is hidden] ")) !== state.password)
    fail("Username or password is incorrect. Try again.");
  state.loggedIn = rest[0];
  save();
  print(
    `You are logged in!\n\nTo unlock your vault, set your session key:\n$ export BW_SESSION="sentinel-login-session"\n`,
  );
} else if (command === "unlock") {
  if (more.join(" ") !== "--raw") usage();
  if (state.loggedIn === undefined) fail("You are not logged in.");
  if ((await ask("? Master password: [input is hidden] ")) !== state.password) fail("Invalid master password.");
  print(state.session);
} else if (command === "sync" && more.length === 0) {
  if (!isUnlocked) fail("You are not logged in.");
  print("Syncing complete.");
} else if (command === "get" && more[0] === "item") {
  const { rest } = parse(more.slice(1), []);
  if (rest.length !== 1) usage();
  if (!isUnlocked) fail("Vault is locked.");
  const item = state.items[rest[0]];
  if (item === undefined) fail("Not found.");
  print(JSON.stringify({ object: "item", id: "x", name: rest[0], type: 1, ...item }));
} else usage();
