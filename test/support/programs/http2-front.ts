/** A proxy for HTTPS in a process of its own, so that a test outlives whatever happens to it. Prints port and authority. */

import { runProxy } from "../running-proxy.ts";
import { certificateFor } from "../test-certificates.ts";

const proxy = await runProxy({ limits: { writeTimeoutMs: 250 } });
const { chain, privateKey, ca } = await certificateFor(["a.test"]);
const certificates = [{ id: "1", chain, privateKey, names: ["a.test"] }];
await proxy.plane.useCertificates({ certificates, names: [["a.test", "1"]], defaultId: "1", askable: [] });
console.log(JSON.stringify({ port: proxy.httpsPort, ca }));
