#!/usr/bin/env node
// A DNS hook in JavaScript, for which the proxy's image needs nothing more: here for pebble-challtestsrv, the name server
// of ACME tests. A hook for a provider's interface looks the same. rfc2136.sh says how hooks are run.
//
//   CHALLTESTSRV_URL    its management interface, http://127.0.0.1:8055 for instance
const [, , action, name, value] = process.argv;
const { CHALLTESTSRV_URL } = process.env;

if (!CHALLTESTSRV_URL) fail("CHALLTESTSRV_URL is not set");
if (action !== "present" && action !== "cleanup") fail(`present or cleanup, not ${action}`);

const path = action === "present" ? "set-txt" : "clear-txt";
const response = await fetch(`${CHALLTESTSRV_URL}/${path}`, {
  method: "POST",
  body: JSON.stringify({ host: `${name}.`, value }),
  signal: AbortSignal.timeout(30_000),
});
if (!response.ok) fail(`${path} answered ${response.status}`);

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
