/** Options of `proxy boot-config set`, apart from what becomes of them: help needs no more. Source: cli-commands §8. */
import type { OptionTable } from "./options.ts";

export const BOOT_CONFIG_OPTIONS = {
  publish: { kind: "bool", fallback: true, help: "publish the ports on the server" },
  "publish-host-ip": { kind: "strings", placeholder: "IP", help: "address to publish them on; may be repeated" },
  "http-port": { kind: "number", placeholder: "PORT", fallback: 80, least: 1, help: "port for HTTP" },
  "https-port": { kind: "number", placeholder: "PORT", fallback: 443, least: 1, help: "port for HTTPS" },
  "log-max-size": { kind: "string", placeholder: "SIZE", fallback: "10m", help: 'size of the log; "" for any' },
  registry: { kind: "string", help: "registry of the image" },
  repository: { kind: "string", help: "repository of the image, without /kamal-proxy" },
  "image-version": { kind: "string", placeholder: "TAG", help: "tag of the image" },
  "metrics-port": { kind: "number", placeholder: "PORT", least: 1, help: "port for Prometheus" },
  debug: { kind: "bool", help: "log more" },
  "docker-options": { kind: "strings", placeholder: "K=V", follow: /=/, help: "further flags of docker run" },
} as const satisfies OptionTable;
