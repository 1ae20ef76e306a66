/** Stands in for `aws` with its one call of Secrets Manager. */
import { args, fail, print, state, usage } from "./stand-in.mjs";

if (args.join(" ") === "--version") print("aws-cli/2.27.0 Python/3.13.2 Linux/6 exe/x86_64\n");
else if (args[0] === "secretsmanager" && args[1] === "batch-get-secret-value" && args[2] === "--secret-id-list") {
  const words = args.slice(3);
  const end = words.findIndex((word) => word.startsWith("--"));
  const names = words.slice(0, end);
  const options = words.slice(end);
  const profile = options[0] === "--profile" ? options.splice(0, 2)[1] : undefined;
  if (options.join(" ") !== "--output json" || names.length === 0) usage();
  if (profile !== state.profile) fail(`\nThe config profile (${profile}) could not be found`, 255);
  if (names.length > 20)
    fail("\nAn error occurred (ValidationException): Member must have length less than or equal to 20", 254);
  const found = names.map((name) => state.secrets.find(({ Name, ARN }) => name === Name || name === ARN));
  print({
    SecretValues: found.filter((secret) => secret !== undefined),
    Errors: names
      .filter((_name, at) => found[at] === undefined && state.lenient !== true)
      .map((SecretId) => ({
        SecretId,
        ErrorCode: "ResourceNotFoundException",
        Message: "Secrets Manager can't find the specified secret.",
      })),
  });
} else usage();
