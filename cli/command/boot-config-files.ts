/** Options of `proxy boot-config set` → what the boot files on a server are to hold. Source: cli-commands §8. */
import { ipAddress } from "../config/value-syntax.ts";
import { KdeployError } from "../errors.ts";
import { type BootFiles, bootFilesOf } from "../remote/proxy-boot-files.ts";
import { logAndMetricsFlags, programWords, publishFlags } from "../remote/proxy-run.ts";
import type { BOOT_CONFIG_OPTIONS } from "./boot-config-options.ts";
import type { OptionValues } from "./options.ts";

const MAX_PORT = 65_535;

/** @throws KdeployError `option-invalid` */
export function bootFilesFrom(options: OptionValues<typeof BOOT_CONFIG_OPTIONS>): BootFiles {
  for (const name of ["http-port", "https-port", "metrics-port"] as const) {
    const port = options[name];
    if (port !== undefined && port > MAX_PORT) throw invalid(name, String(port), "is no port");
  }
  for (const ip of options["publish-host-ip"]) {
    if (ipAddress(ip) !== undefined) throw invalid("publish-host-ip", ip, "is no IP address");
  }
  const ports = {
    publish: options.publish,
    httpPort: options["http-port"],
    httpsPort: options["https-port"],
    bindIps: options["publish-host-ip"],
  };
  const metricsPort = options["metrics-port"];
  return bootFilesOf({
    flags: [
      ...publishFlags(ports),
      ...logAndMetricsFlags({ logMaxSize: plain("log-max-size", options["log-max-size"]), metricsPort }),
      ...options["docker-options"].map((option) => `--${plain("docker-options", option)}`),
    ],
    registry: optional("registry", options.registry),
    repository: optional("repository", options.repository),
    version: optional("image-version", options["image-version"]),
    programFlags: programWords({
      debug: options.debug,
      metricsPort,
      metricsBind: undefined,
      trustedProxies: [],
      proxyProtocol: false,
      bind: undefined,
      accessLog: true,
      acmePeers: [],
    }),
  });
}

function optional(name: string, value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : plain(name, value);
}

/** The files are read by a shell and by xargs, for which these are words no more. */
function plain(name: string, value: string): string {
  if (/^[^\s\p{Cc}'"\\*?[\]]*$/u.test(value)) return value;
  throw invalid(name, value, "holds blanks or quotes, which boot files cannot; proxy: run: in the configuration can");
}

function invalid(name: string, value: string, why: string): KdeployError {
  return new KdeployError("option-invalid", `--${name} ${JSON.stringify(value)} ${why}`, { exitClass: "usage" });
}
