/** Stands in for Bitwarden Secrets Manager's `bws`. */
import { args, fail, parse, print, state, usage } from "./stand-in.mjs";

const [one, two, ...more] = args;

if (one === "--version") print("bws 1.0.0\n");
else {
  if (process.env.BWS_ACCESS_TOKEN !== state.token) fail("Error:\n   0: Missing access token");
  const { rest } = parse(more, []);
  if (one === "project" && two === "list" && rest.length === 0) print([{ id: "p", name: "project" }]);
  else if (one === "secret" && two === "list" && rest.length <= 1)
    print(state.secrets.filter(({ projectId }) => rest.length === 0 || projectId === rest[0]));
  else if (one === "secret" && two === "get" && rest.length === 1) {
    const secret = state.secrets.find(({ id }) => id === rest[0]);
    if (secret === undefined)
      fail('Error:\n   0: Received error message from server: [404 Not Found] {"message":"Resource not found."}');
    print({ object: "secret", organizationId: "o", note: "", ...secret });
  } else usage();
}
