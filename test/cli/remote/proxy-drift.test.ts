import { describe, expect, test } from "vitest";
import { differences, inspectProxy, parseProxyContainer } from "../../../cli/remote/proxy-drift.ts";
import { example, roleOf } from "./example.ts";

const RUN =
  "version: v9, metrics_port: 9090, debug: true, trusted_proxies: [private], options: { memory: 512m, volume: ['${PWD}/a:/a', /b:/b:ro], env: [A=1], cpus: 1.5, add-host: ['a:1.2.3.4'] }";

/** As Docker shows a proxy that was started as above. */
const STARTED = {
  image: "kdeploy/kdeploy-proxy:v9",
  command: ["kamal-proxy", "run", "--debug", "--metrics-port", "9090", "--trusted-proxy=private"],
  env: ["PATH=/usr/bin", "A=1"],
  labels: { "org.opencontainers.image.title": "kamal-proxy" },
  host: {
    PortBindings: {
      "80/tcp": [{ HostIp: "", HostPort: "80" }],
      "443/tcp": [{ HostIp: "0.0.0.0", HostPort: "443" }],
    },
    LogConfig: { Type: "json-file", Config: { "max-size": "10m" } },
    Binds: [
      "kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy",
      "/root/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config",
      "/root/a:/a",
      "/b:/b:ro",
    ],
    Memory: 512 * 2 ** 20,
    NanoCpus: 1_500_000_000,
    ExtraHosts: ["a:1.2.3.4"],
    Dns: [],
    SecurityOpt: null,
  },
};

function runOf(written: string) {
  return roleOf(example(`proxy: { run: { ${written} } }`)).proxy?.run;
}

/** The differences of a container that was started as `RUN` wants it, from a configuration that now says otherwise. */
function since(before: string | RegExp, after: string): string[] {
  return differences(runOf(RUN.replace(before, after)), parsed(STARTED));
}

function parsed(container: object) {
  const found = parseProxyContainer(`${JSON.stringify(container)}\n`);
  if (found === undefined) throw new Error("not understood");
  return found;
}

describe("a running proxy, and what proxy.run wants", () => {
  test("are the same when it was started so", () => {
    expect(differences(runOf(RUN), parsed(STARTED))).toEqual([]);
  });

  test.each<[string, string | RegExp, string, ...string[]]>([
    [
      "image",
      "version: v9",
      "version: latest",
      "image kdeploy/kdeploy-proxy:latest instead of kdeploy/kdeploy-proxy:v9",
    ],
    ["ports", "debug", "http_port: 8080, debug", "ports 8080→80, 443→443 instead of 80→80, 443→443"],
    ["no ports", "debug", "publish: false, debug", "ports none instead of 80→80, 443→443"],
    ["addresses", "debug", "bind_ips: ['::1'], debug", "ports [::1]:80→80, [::1]:443→443 instead of 80→80, 443→443"],
    ["log size", "debug", "log_max_size: 20m, debug", "log size 20m instead of 10m"],
    ["a flag that is gone", "debug: true", "debug: false", "no flag --debug"],
    ["another value", "9090", "9091", "flag --metrics-port=9091", "no flag --metrics-port=9090"],
    ["one more flag", "debug", "access_log: false, debug", "flag --access-log=false"],
    ["memory", "512m", "1g", "option memory 1073741824", "no option memory 536870912"],
    ["no processors", "cpus: 1.5, ", "", "no option cpus 1500000000"],
    ["a volume", "/b:/b:ro", "/c:/c", "option volume /c:/c", "no option volume /b:/b:ro"],
    ["a variable", "A=1", "A=2", "option env A=2"],
    ["a host", "add-host: ['a:1.2.3.4']", "label: x=y", "option label x=y", "no option add-host a:1.2.3.4"],
  ])("%s", (_what, before, after, ...found) => {
    expect(since(before, after)).toEqual(found);
  });

  test("a log size that is left to Docker may be any", () => {
    expect(since("debug", "log_max_size: '', debug")).toEqual([]);
  });

  test("a host's address may follow an equals sign", () => {
    expect(since("a:1.2.3.4", "a=1.2.3.4")).toEqual([]);
    expect(since("a:1.2.3.4", "a=[::1]")).toEqual(["option add-host a:::1", "no option add-host a:1.2.3.4"]);
  });

  test("what was published by options is left to them", () => {
    expect(since("memory: 512m", "memory: 512m, publish: ['81:80']")).toEqual([]);
  });

  test("without proxy.run it may be as it likes", () => {
    expect(differences(undefined, parsed(STARTED))).toEqual([]);
  });

  test("less may be known of it", () => {
    expect(differences(runOf("version: v9"), parsed({ image: "kdeploy/kdeploy-proxy:v9" }))).toEqual([]);
    for (const text of ["", "kamal-proxy:v9\n", "null", "[]", '{"image":1}'])
      expect(parseProxyContainer(text)).toBeUndefined();
  });

  test("one question answers it", () => {
    expect(inspectProxy()).toBe(
      `docker inspect kamal-proxy --format '{"image": {{json .Config.Image}}, "command": {{json .Config.Cmd}}, "env": {{json .Config.Env}}, "labels": {{json .Config.Labels}}, "host": {{json .HostConfig}}}'`,
    );
  });
});
