/** Stands in for `gcloud` with Secret Manager. */
import { args, ask, fail, parse, print, save, state, usage } from "./stand-in.mjs";

const [one, two, three, ...more] = args;

if (args.join(" ") === "--version") print("Google Cloud SDK 528.0.0\n");
else if (args.join(" ") === "auth list --format=json")
  print(state.accounts.map((account) => ({ account, status: "ACTIVE" })));
else if (args.join(" ") === "auth login") {
  print("Go to the following link in your browser: https://accounts.example/\n");
  state.accounts = [await ask("Once finished, enter the verification code provided in your browser: ")];
  save();
} else if (one === "secrets" && two === "versions" && three === "access") {
  const { options, rest } = parse(more, [
    "--secret",
    "--project",
    "--account",
    "--impersonate-service-account",
    "--format",
  ]);
  if (rest.length !== 1 || options["--format"] !== "json" || options["--secret"] === undefined) usage();
  const project = options["--project"] ?? state.project;
  const path = `${project}/${options["--secret"]}/${rest[0]}`;
  const value = state.secrets[path];
  if (value === undefined)
    fail(`ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret [${path}] not found or has no versions.`);
  const bytes = value.base64 === undefined ? Buffer.from(value) : Buffer.from(value.base64, "base64");
  const data = bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");
  print({ name: `projects/1/secrets/${path}`, payload: { data, dataCrc32c: "1" } });
} else usage();
