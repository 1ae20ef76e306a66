/** Caddy: one Go processor on one core, no admin endpoint, its own JSON access log in a file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { versionOf } from "../process/machine.ts";
import { freePort, portOpen } from "../process/port.ts";
import { Program } from "../process/program.ts";
import type { Contender, ContenderSetting, RunningContender } from "./contender.ts";

export const caddy: Contender = {
  logs: true,
  canDeploy: false,
  speaksTls: true,
  version: () => versionOf("caddy", "version"),
  start,
};

async function start(setting: ContenderSetting): Promise<RunningContender> {
  const port = await freePort();
  const httpsPort = await freePort();
  const file = join(setting.directory, "Caddyfile");
  writeFileSync(file, configuration(setting, port, httpsPort));
  const program = new Program("caddy", ["run", "--config", file, "--adapter", "caddyfile"], {
    core: setting.core,
    environment: {
      ...process.env,
      GOMAXPROCS: "1",
      HOME: setting.directory,
      XDG_DATA_HOME: setting.directory,
      XDG_CONFIG_HOME: setting.directory,
    },
  });
  await portOpen(port, program);
  return { port, httpsPort, program };
}

/** Caddy keeps 32 idle upstream connections by default; with 64 clients it would measure reconnecting instead. */
function configuration(setting: ContenderSetting, port: number, httpsPort: number): string {
  return `{
  admin off
  auto_https off
  servers {
    protocols h1 h2
    timeouts {
      idle 10m
    }
  }
}
(site) {
  bind 127.0.0.1
  log {
    output file ${setting.logFile} {
      roll_disabled
    }
  }
  reverse_proxy 127.0.0.1:${setting.upstreamPort} {
    header_up X-Request-ID {http.request.uuid}
    header_up X-Request-Start "t={time.now.unix_ms}"
    transport http {
      keepalive 10m
      keepalive_idle_conns_per_host 1024
    }
  }
}
http://:${port} {
  import site
}
${secureSite(setting, httpsPort)}`;
}

/** Without a host: the log of a site with a host and a port of its own leaves out requests whose Host has no port. */
function secureSite({ certificate }: ContenderSetting, httpsPort: number): string {
  if (!certificate) return "";
  return `https://:${httpsPort} {
  tls ${certificate.certificateFile} ${certificate.privateKeyFile}
  import site
}
`;
}
