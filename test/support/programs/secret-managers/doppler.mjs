/** Stands in for Doppler's `doppler`. */
import { args, fail, parse, print, save, state, usage } from "./stand-in.mjs";

const [one, two, ...more] = args;
const isScoped = process.env.DOPPLER_TOKEN?.startsWith("dp.st") === true;

if (args.join(" ") === "--version") print("v3.75.0\n");
else if (args.join(" ") === "me --json") {
  if (state.loggedIn !== true && !isScoped) fail("Doppler Error: you must provide a token");
  print({ workplace: { name: "w" } });
} else if (args.join(" ") === "login -y") {
  print("Your auth code is:\nsome_words_here\n");
  state.loggedIn = true;
  save();
} else if (one === "secrets" && two === "get") {
  const { options, rest } = parse(more, ["-p", "-c"], ["--json"]);
  if (!options["--json"] || rest.length === 0) usage();
  if (isScoped && options["-p"] !== undefined)
    fail("Doppler Error: This token does not have access to the requested config");
  const config = isScoped
    ? state.scope
    : options["-p"] === undefined
      ? state.setup
      : `${options["-p"]}/${options["-c"]}`;
  if (config === undefined) fail("Doppler Error: You must specify a project");
  const secrets = state.configs[config];
  if (secrets === undefined) fail("Doppler Error: Could not find requested config");
  const unknown = rest.filter((name) => !(name in secrets));
  if (unknown.length > 0) fail(`Doppler Error: Could not find requested secrets: ${unknown.join(", ")}`);
  print(
    Object.fromEntries(rest.map((name) => [name, { computed: secrets[name], computedVisibility: "masked", note: "" }])),
  );
} else usage();
