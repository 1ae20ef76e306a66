/** haproxy: one thread, shared keep-alive connections to the upstream, the same headers added and the same log line. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { versionOf } from "../process/machine.ts";
import { freePort, portOpen } from "../process/port.ts";
import { Program } from "../process/program.ts";
import type { Certificate } from "./certificate.ts";
import type { Contender, ContenderSetting, RunningContender } from "./contender.ts";

export const haproxy: Contender = contender(true);
export const haproxyWithoutLog: Contender = contender(false);

function contender(logs: boolean): Contender {
  return {
    logs,
    canDeploy: false,
    speaksTls: true,
    version: () => versionOf("haproxy", "-v"),
    start: (setting) => start(setting, logs),
  };
}

/** haproxy has no file log: it writes each line to its standard output, which is the file here. */
async function start(setting: ContenderSetting, logs: boolean): Promise<RunningContender> {
  const port = await freePort();
  const httpsPort = await freePort();
  const file = join(setting.directory, "haproxy.cfg");
  writeFileSync(file, configuration(setting, port, httpsPort, logs));
  const log = openSync(setting.logFile, "a");
  const program = new Program("haproxy", ["-db", "-f", file], { core: setting.core, outputTo: log });
  closeSync(log);
  await portOpen(port, program);
  return { port, httpsPort, program };
}

/** `no strict-limits`: 10,000 clients with a few upstream connections fit in 20,000 files, haproxy reckons with two each. */
function configuration(setting: ContenderSetting, port: number, httpsPort: number, logs: boolean): string {
  const { certificate, upstreamPort } = setting;
  const scheme = certificate ? "%[ssl_fc,iif(https,http)]" : "http";
  return `global
  nbthread 1
  maxconn 10500
  no strict-limits
  ${logs ? "log stdout len 4096 format raw local0 info" : ""}
defaults
  mode http
  option http-keep-alive
  option redispatch
  retries 1
  http-reuse always
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-request 60s
  timeout http-keep-alive 600s
  timeout tunnel 600s
frontend front
  bind 127.0.0.1:${port} backlog 4096
  ${certificate ? secureListener(certificate, httpsPort) : ""}
  unique-id-format %[uuid()]
  capture request header Host len 128
  capture request header User-Agent len 128
  capture request header Content-Type len 64
  capture request header Content-Length len 16
  capture response header Content-Type len 64
  ${logs ? `log global\n  log-format ${quoted(logFormat(scheme))}` : "no log"}
  default_backend app
backend app
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  http-request set-header X-Forwarded-Proto ${scheme}
  http-request set-header X-Request-ID %[unique-id] unless { req.hdr(X-Request-ID) -m found }
  http-request set-header X-Request-Start t=%[date(0,ms)]
  server app 127.0.0.1:${upstreamPort}
`;
}

function secureListener({ bundleFile }: Certificate, httpsPort: number): string {
  return `bind 127.0.0.1:${httpsPort} backlog 4096 ssl crt ${bundleFile} alpn h2,http/1.1 ssl-min-ver TLSv1.2`;
}

const logFormat = (scheme: string): string =>
  `{"time":"%tr","level":"INFO","msg":"Request","host":"%[capture.req.hdr(0),json(utf8s)]","port":%fp,"path":"%HPO",` +
  `"request_id":"%ID","status":%ST,"service":"web","target":"%si:%sp","duration":%Ta,"method":"%HM",` +
  `"req_content_length":"%[capture.req.hdr(3)]","req_content_type":"%[capture.req.hdr(2),json(utf8s)]",` +
  `"resp_content_length":%B,"resp_content_type":"%[capture.res.hdr(0),json(utf8s)]",` +
  `"client_addr":"%ci","client_port":"%cp","user_agent":"%[capture.req.hdr(1),json(utf8s)]","proto":"%HV",` +
  `"scheme":"${scheme}","query":"%HQ"}`;

function quoted(format: string): string {
  return `'${format}'`;
}
