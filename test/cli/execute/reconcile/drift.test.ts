import { describe, expect, test } from "vitest";
import { driftOf } from "../../../../cli/execute/reconcile/drift.ts";
import { run } from "../../../../cli/remote/app.ts";
import { detailsNamed, parseInventory } from "../../../../cli/remote/inventory-facts.ts";
import { readRun } from "../../../../cli/remote/read-run.ts";
import { Secret } from "../../../../cli/secret/secret.ts";
import { printed, roleContainer } from "../../../support/printed-inventory.ts";
import { configOf } from "../../config/written-config.ts";
import { hostOf, roleOf } from "../../remote/example.ts";

type Container = Parameters<typeof roleContainer>[2];

/** What a container that was run for an empty configuration, but for `container`, lacks to be as `yaml` wants it. */
function drift(yaml: string, container: Container = {}, secrets: Readonly<Record<string, string>> = {}): string[] {
  const config = configOf(`${yaml}\n${/^servers:/m.test(yaml) ? "" : "servers: [one]"}`);
  const role = roleOf(config);
  const facts = parseInventory(printed({ containers: [roleContainer("web", "one", container)] }));
  const details = facts === undefined ? undefined : detailsNamed(facts, "app-web-v1");
  if (facts === undefined || details === undefined) throw new Error("no facts");
  const line = run(config, role, { version: "v1", host: hostOf(role), exported: false });
  const known = new Map(Object.entries(secrets).map(([name, value]) => [name, new Secret(value)]));
  return driftOf({ run: readRun(line, facts.home), secrets: known }, details, facts);
}

const web = (more: string) => `servers: { web: { hosts: [one], ${more} } }`;
const options = (more: string) => web(`options: { ${more} }`);

describe("a container that is as it would be run now", () => {
  const same: [string, string, Container?, Record<string, string>?][] = [
    ["nothing configured", ""],
    ["variables", "env: { A: 'x y', EMPTY: '' }", { env: ["A=x y", "EMPTY="] }],
    ["a variable of the server", "env: { REGION: '${REGION}' }", { env: ["REGION=north"] }],
    ["a secret of several lines", "env: { secret: [KEY] }", { env: ["KEY=a\nb"] }, { KEY: "a\nb" }],
    ["a clear variable before a secret one", "env: { clear: { K: a }, secret: [K] }", { env: ["K=a"] }, { K: "b" }],
    ["proxies that Docker's client adds", "", { env: ["HTTP_PROXY=http://p"] }],
    ["labels", "labels: { a: 'b c' }", { labels: { a: "b c" } }],
    [
      "volumes",
      "volumes: ['data:/data/', '$PWD/x:/y:z,ro', './rel:/rel']",
      { binds: ["data:/data", "/root/x:/y:ro,z", "/root/rel:/rel"] },
    ],
    ["a command in quotes", web(`cmd: "sh -c 'a b'"`), { cmd: ["sh", "-c", "a b"] }],
    ["a command with a variable", web('cmd: "serve $PORT"'), { cmd: ["serve", "80"] }],
    ["an anonymous volume", "volumes: ['/tmp']"],
    [
      "restart",
      options("restart: 'on-failure:3'"),
      { host: { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } } },
    ],
    [
      "memory, cpus, init",
      options("memory: 1.5g, cpus: 0.5, init: true"),
      { host: { Memory: 1_610_612_736, NanoCpus: 5e8, Init: true } },
    ],
    [
      "capabilities",
      options("cap-add: [net_admin, CAP_SYS_PTRACE]"),
      { host: { CapAdd: ["CAP_NET_ADMIN", "CAP_SYS_PTRACE"] } },
    ],
    [
      "ports",
      options("publish: ['127.0.0.1:8080:80', '9000:9000/udp']"),
      {
        host: {
          PortBindings: {
            "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }],
            "9000/udp": [{ HostIp: "", HostPort: "9000" }],
          },
        },
      },
    ],
    ["variables of an env file of one's own", options("env-file: other.env"), { env: ["UNKNOWN=1"] }],
    [
      "log options that the engine adds",
      "",
      { host: { LogConfig: { Type: "json-file", Config: { "max-size": "10m", labels: "x" } } } },
    ],
    [
      "hosts and a directory as Docker's client writes them",
      options("add-host: ['a=1.2.3.4', 'b:[::1]', 'c:::2'], workdir: /app//x/../"),
      { host: { ExtraHosts: ["a:1.2.3.4", "b:::1", "c:::2"] }, config: { WorkingDir: "/app" } },
    ],
    ["an option whose value Docker words itself", options("gpus: all")],
  ];

  test.each(same)("%s", (_, yaml, container, secrets) => {
    expect(drift(yaml, container, secrets)).toEqual([]);
  });
});

describe("a container that differs", () => {
  const different: [string, string, Container, string[], Record<string, string>?][] = [
    ["by an image", "image: other/app", {}, ["image acme/app:v1 in place of other/app:v1"]],
    [
      "by variables",
      "env: { A: new, B: x }",
      { env: ["A=old", "C=y"] },
      ["env A changed", "env B is new", "env C left the configuration"],
    ],
    [
      "by secrets",
      "env: { secret: [A, B] }",
      { env: ["A=old"] },
      ["secret A changed", "secret B is new"],
      { A: "new", B: "x" },
    ],
    [
      "by a variable of the image that was set",
      "",
      {
        env: ["LANG=de"],
        config: { Env: ["LANG=de", "KAMAL_VERSION=v1", "KAMAL_HOST=one", "KAMAL_CONTAINER_NAME=app-web-v1"] },
      },
      ["env LANG left the configuration"],
    ],
    [
      "by labels",
      "labels: { a: new }",
      { labels: { a: "old", b: "x" } },
      ["label a changed", "label b left the configuration"],
    ],
    [
      "by volumes",
      "volumes: ['data:/data:ro', 'new:/new']",
      { binds: ["data:/data", "old:/old"] },
      ["volume /data changed", "volume /new is new", "volume /old left the configuration"],
    ],
    ["by a command", web("cmd: work"), { cmd: ["serve"] }, ["cmd changed"]],
    ["by a command that is the image's again", "", { cmd: ["work"] }, ["cmd changed"]],
    ["by a log driver", "logging: { driver: local }", {}, ["logging driver changed"]],
    ["by log options", "logging: { options: { max-size: 100m } }", {}, ["logging option max-size changed"]],
    ["by a network", "", { host: { NetworkMode: "bridge" } }, ["network bridge in place of kamal"]],
    ["by restart", options("restart: always"), {}, ["restart unless-stopped in place of always"]],
    [
      "by options that are new, and others that left",
      options("memory: 512m"),
      { host: { Init: true, Privileged: true } },
      ["option memory changed", "option init changed", "option privileged changed"],
    ],
    [
      "by a port that is open to everybody still",
      options("publish: '127.0.0.1:80:80'"),
      { host: { PortBindings: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "80" }] } } },
      ["option publish changed"],
    ],
    ["by a user", options("user: app"), {}, ["option user changed"]],
  ];

  test.each(different)("%s", (_, yaml, container, words, secrets) => {
    expect(drift(yaml, container, secrets)).toEqual(words);
  });
});
