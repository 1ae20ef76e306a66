/** nginx: one worker, keep-alive to the upstream, bodies streamed, the same headers added and the same log line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { versionOf } from "../process/machine.ts";
import { freePort, portOpen } from "../process/port.ts";
import { Program } from "../process/program.ts";
import { siteName } from "./certificate.ts";
import type { Contender, ContenderSetting, RunningContender } from "./contender.ts";

export const nginx: Contender = contender(true);
export const nginxWithoutLog: Contender = contender(false);

/** Shared with the upstream, which is nginx too: everything outside the `http` block, and the paths nginx insists on. */
export function nginxFrame(directory: string, http: string): string {
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${join(directory, kind)};`,
  );
  return `${user}
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
pid ${join(directory, "nginx.pid")};
error_log stderr error;
events { worker_connections 18000; }
http {
  ${temporary.join("\n  ")}
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server_tokens off;
${http}
}
`;
}

function contender(logs: boolean): Contender {
  return {
    logs,
    canDeploy: false,
    speaksTls: true,
    version: () => versionOf("nginx", "-v"),
    start: (setting) => start(setting, logs),
  };
}

async function start(setting: ContenderSetting, logs: boolean): Promise<RunningContender> {
  const port = await freePort();
  const httpsPort = await freePort();
  const file = join(setting.directory, "nginx.conf");
  writeFileSync(file, nginxFrame(setting.directory, proxyBlock(setting, port, httpsPort, logs)));
  const program = new Program("nginx", ["-c", file, "-p", setting.directory], { core: setting.core });
  await portOpen(port, program);
  return { port, httpsPort, program };
}

/** By default nginx spools bodies to disk and reads 4 KB at a time: another task than ours, and a slower one. */
function proxyBlock(setting: ContenderSetting, port: number, httpsPort: number, logs: boolean): string {
  return `
  ${logFormat}
  access_log ${logs ? `${setting.logFile} request_line buffer=64k flush=200ms` : "off"};
  map $http_upgrade $connection_for_upstream { default upgrade; "" ""; }
  map $http_x_request_id $id_for_upstream { default $http_x_request_id; "" $request_id; }
  upstream app {
    server 127.0.0.1:${setting.upstreamPort};
    keepalive 512;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${secureListener(setting, httpsPort)}
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_max_temp_file_size 0;
    proxy_buffers 16 16k;
    client_body_buffer_size 64k;
    proxy_read_timeout 600s;
    location / {
      proxy_pass http://app;
      proxy_set_header Host $http_host;
      proxy_set_header Connection $connection_for_upstream;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-ID $id_for_upstream;
      proxy_set_header X-Request-Start "t=$msec";
    }
  }`;
}

function secureListener({ certificate }: ContenderSetting, httpsPort: number): string {
  if (!certificate) return "";
  return `listen 127.0.0.1:${httpsPort} ssl http2 backlog=4096;
    server_name ${siteName};
    ssl_certificate ${certificate.certificateFile};
    ssl_certificate_key ${certificate.privateKeyFile};
    ssl_protocols TLSv1.2 TLSv1.3;`;
}

const logFormat =
  `log_format request_line escape=json '{"time":"$time_iso8601","level":"INFO","msg":"Request","host":"$http_host",` +
  `"port":$server_port,"path":"$uri","request_id":"$id_for_upstream","status":$status,"service":"web",` +
  `"target":"$upstream_addr","duration":$request_time,"method":"$request_method",` +
  `"req_content_length":"$content_length","req_content_type":"$content_type",` +
  `"resp_content_length":$body_bytes_sent,"resp_content_type":"$sent_http_content_type",` +
  `"client_addr":"$remote_addr","client_port":"$remote_port","remote_addr":"$http_x_forwarded_for",` +
  `"user_agent":"$http_user_agent","proto":"$server_protocol","scheme":"$scheme","query":"$args"}';`;
