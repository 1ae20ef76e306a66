/** Every scenario by name, in the order in which they run. */
import { deployUnderLoad } from "./deploy-under-load.ts";
import { download } from "./download.ts";
import { http2SmallGet } from "./http2-small-get.ts";
import { idleConnections } from "./idle-connections.ts";
import { newConnectionPerRequest } from "./new-connection-per-request.ts";
import type { Scenario } from "./scenario.ts";
import { smallGet } from "./small-get.ts";
import { tlsHandshakes } from "./tls-handshakes.ts";
import { tlsSmallGet } from "./tls-small-get.ts";
import { upload } from "./upload.ts";
import { webSocketEcho } from "./websocket-echo.ts";

export const scenarios = {
  "small-get": smallGet,
  "download-1mb": download,
  "upload-1mb": upload,
  "new-connection-per-request": newConnectionPerRequest,
  "idle-connections": idleConnections,
  "websocket-echo": webSocketEcho,
  "deploy-under-load": deployUnderLoad,
  "tls-small-get": tlsSmallGet,
  "h2-small-get": http2SmallGet,
  "tls-handshakes": tlsHandshakes,
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

export const scenarioNames = Object.keys(scenarios) as ScenarioName[];
