import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { examine } from "../../../../cli/execute/doctor/doctor.ts";
import { NETWORK, type Network } from "../../../../cli/execute/doctor/network.ts";
import type { Work } from "../../../../cli/execute/work.ts";
import { Secret } from "../../../../cli/secret/secret.ts";
import { type Answer, Recording, RecordingHost } from "../../../support/recording-host.ts";
import { SimulatedFleet } from "../../../support/simulated-fleet.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";
import { unusedPort } from "../../../support/unused-port.ts";

const CONFIG = `
servers:
  web: { hosts: [one, two], proxy: { host: a.example, ssl: true } }
  job: { hosts: [three], cmd: work }
registry: { server: hub.example, username: deployer, password: [REGISTRY_PASSWORD] }
`;
const LITERAL = CONFIG.replace("[REGISTRY_PASSWORD]", "hunter22");

const SOUND: Readonly<Record<string, string>> = {
  clock: String(Math.floor(Date.now() / 1000)),
  user: "root\n0\nroot",
  machine: "x86_64",
  client: "Docker version 28.2.2, build x",
  docker: "28.2.2|x86_64|/",
  disk: "/dev/vda 1000 100 900 10% /",
};

const printed = (answers: Readonly<Record<string, string>>): string =>
  `${Object.entries(answers)
    .map(([name, text]) => `@@ ${name}\n${text}\n`)
    .join("")}@@ end\n`;

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  one: ["192.0.2.1"],
  two: ["192.0.2.2"],
  "a.example": ["192.0.2.1", "192.0.2.2"],
};
const network: Network = {
  addressesOf: async (name) => ADDRESSES[name] ?? [],
  reach: async () => "open",
};

type Scene = {
  readonly config?: string;
  readonly answers?: Readonly<Record<string, string>>;
  readonly login?: Answer;
  readonly named?: string;
};

/** Three hosts that are alike but for what is told of `one`. */
function fleet({ answers = {}, config = LITERAL, login = {}, named = "" }: Scene = {}) {
  const simulated = new SimulatedFleet({ config });
  const recording = new Recording();
  const hosts = new Map(
    ["one", "two", "three"].map((name) => [
      name,
      new RecordingHost(name, recording, (command) => {
        if (command.includes("docker login")) return name === "one" ? login : {};
        if (command.startsWith("getent")) return { stdout: named };
        return { stdout: printed(name === "one" ? { ...SOUND, ...answers } : SOUND) };
      }),
    ]),
  );
  const work: Work = simulated.work({ host: (name) => hosts.get(name) ?? simulated.host(name) });
  const checked = () => simulated.events.flatMap((event) => (event.event === "checked" ? [event] : []));
  const told = () =>
    checked()
      .filter(({ verdict }) => verdict !== "ok")
      .map(({ check, host, verdict }) => `${verdict} ${host ?? "everywhere"} ${check}`);
  return { work, recording, hosts, stop: simulated.stop, checked, told };
}

describe("kdeploy doctor", () => {
  test("asks each host one question and tries one login, and finds all in order", async () => {
    const { checked, recording, told, work } = fleet();
    expect(await examine(work, network)).toEqual({ problems: 0, warnings: 0 });
    expect(told()).toEqual([]);
    for (const host of ["one", "two", "three"]) expect(recording.on(host)).toHaveLength(2);
    const checks = (host?: string) =>
      checked()
        .filter((one) => one.host === host)
        .map(({ check }) => check);
    const everywhere = ["login", "docker", "docker-rights", "architecture", "disk", "clock"];
    expect(checks("one")).toEqual([
      ...everywhere,
      "proxy",
      "port-80",
      "port-443",
      "published-ports",
      "lock",
      "registry",
      "reach-80",
      "reach-443",
    ]);
    // No requests go there, and deploys lock another host.
    expect(checks("three")).toEqual([...everywhere, "published-ports", "registry"]);
    expect(checks()).toEqual(["dns"]);
  });

  test("hosts are told of in their order, and hosts that cannot be reached with the reason", async () => {
    const { checked, hosts, told, work } = fleet();
    hosts.get("one")?.trouble(0, "unreachable");
    expect(await examine(work, network)).toEqual({ problems: 1, warnings: 0 });
    expect(told()).toEqual(["problem one login"]);
    expect(checked()[0]).toMatchObject({ host: "one", text: expect.stringContaining("host-unreachable") });
    expect([...new Set(checked().map(({ host }) => host))]).toEqual(["one", "two", "three", undefined]);
  });

  test("a host without Docker is not asked to log in", async () => {
    const { recording, told, work } = fleet({ answers: { client: "not found", docker: "not found" } });
    await examine(work, network);
    expect(told()).toEqual(["problem one docker"]);
    expect(recording.on("one")).toHaveLength(1);
  });

  test.each<[string, Scene, string[]]>([
    ["a disk that is full", { answers: { disk: "/dev/vda 1000 990 10 99% /" } }, ["problem one disk"]],
    ["another architecture", { answers: { docker: "28.2.2|aarch64|/" } }, ["problem one architecture"]],
    ["a clock that is wrong", { answers: { clock: "1000" } }, ["warning one clock"]],
    ["a port in use", { answers: { sockets: "0: 00000000:0050 0:0 0A 0:0" } }, ["problem one port-80"]],
    ["an open port", { answers: { containers: "x|0.0.0.0:1->1/tcp" } }, ["warning one published-ports"]],
    ["a lock that is taken", { answers: { lock: "details\nLocked by: ann" } }, ["warning one lock"]],
    ["a login that is refused", { login: { exitCode: 1, stderr: "denied" } }, ["problem one registry"]],
  ])("%s", async (_, scene, expected) => {
    const { told, work } = fleet(scene);
    await examine(work, network);
    expect(told()).toEqual(expected);
  });

  test("a user without a shell", async () => {
    const { hosts, told, work } = fleet();
    hosts.set("one", new RecordingHost("one", new Recording(), () => ({ exitCode: 1, stdout: "not available" })));
    await examine(work, network);
    expect(told()).toEqual(["problem one login"]);
  });

  test("a secret that is missing is told of once; all else is looked at still", async () => {
    const { checked, recording, told, work } = fleet({ config: CONFIG });
    expect(await examine(work, network)).toEqual({ problems: 1, warnings: 0 });
    expect(told()).toEqual(["problem everywhere registry"]);
    expect(checked().find(({ check }) => check === "registry")?.text).toContain("secret 'REGISTRY_PASSWORD' not found");
    expect(recording.on("one")).toHaveLength(1);
  });

  test("the password goes to the hosts by way of standard input, and is in no event", async () => {
    const scene = fleet({ login: { exitCode: 1, stderr: "the password hunter22 is wrong" } });
    scene.work.redactor.add(new Secret("hunter22"));
    await examine(scene.work, network);
    expect(scene.recording.all.filter(({ input }) => input === "hunter22")).toHaveLength(3);
    expect(JSON.stringify(scene.recording.all.map(({ command }) => command))).not.toContain("hunter22");
    expect(JSON.stringify(scene.checked())).not.toContain("hunter22");
  });

  test("where a name leads elsewhere, a server is asked as well", async () => {
    const { checked, told, work } = fleet({ named: "127.0.1.1\n" });
    const elsewhere: Network = {
      ...network,
      addressesOf: async (name) => (name === "a.example" ? ["198.51.100.1"] : (ADDRESSES[name] ?? [])),
    };
    expect(await examine(work, elsewhere)).toEqual({ problems: 0, warnings: 1 });
    expect(told()).toEqual(["warning everywhere dns"]);
    expect(checked().at(-1)?.text).toBe(
      "a.example leads to 198.51.100.1, which is no host of its own. On one it leads to 127.0.1.1.",
    );
  });

  test("hosts behind a jump host are not tried from here", async () => {
    const { told, work } = fleet({ config: `${LITERAL}ssh: { proxy: bastion }\n` });
    const closed: Network = { ...network, reach: () => Promise.reject(new Error("tried all the same")) };
    await examine(work, closed);
    expect(told()).toEqual(["skipped one reach", "skipped two reach"]);
  });

  test("ends when it is told to", async () => {
    const { hosts, stop, work } = fleet();
    hosts.get("two")?.trouble(0, "hangs");
    const ended = examine(work, network);
    setTimeout(() => stop.abort(), 20);
    await expect(ended).rejects.toMatchObject({ exitClass: "interrupted" });
  });
});

describe("this machine's network", () => {
  test("names and addresses are looked up; however they are written", async () => {
    expect(await NETWORK.addressesOf("127.0.0.1")).toEqual(["127.0.0.1"]);
    expect(await NETWORK.addressesOf("localhost")).toContain("127.0.0.1");
  });

  test("a port that answers, and one that does not", async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    expect(await NETWORK.reach("127.0.0.1", typeof address === "object" ? (address?.port ?? 0) : 0)).toBe("open");
    server.close();
    expect(await NETWORK.reach("127.0.0.1", await unusedPort())).toBe("refused");
  });
});

describe("secrets that a deploy wants", () => {
  const WITH_SECRETS = `${LITERAL}env: { secret: [TOKEN, SHOP_KEY:KEY] }\nbuilder: { arch: amd64, secrets: [TOKEN, NPM] }\n`;

  const examinedWith = async (secrets: string) => {
    const cwd = await temporaryDirectory();
    await mkdir(join(cwd, ".kamal"));
    await writeFile(join(cwd, ".kamal/secrets"), secrets);
    const simulated = new SimulatedFleet({ config: WITH_SECRETS, cwd });
    const host = (name: string) => new RecordingHost(name, new Recording(), () => ({ stdout: printed(SOUND) }));
    await examine(simulated.work({ host }), network);
    return simulated.events.flatMap((event) => (event.event === "checked" && event.check === "secrets" ? [event] : []));
  };

  test("are there", async () => {
    const [finding] = await examinedWith("TOKEN=opensesame\nKEY=x\nNPM=\n");
    expect(finding).toMatchObject({ verdict: "ok", host: undefined, text: "All secrets are there: TOKEN, KEY, NPM." });
  });

  test("are missing: it says which, and what for, and no value of another", async () => {
    const found = await examinedWith("TOKEN=opensesame\n");
    expect(found).toMatchObject([
      {
        verdict: "problem",
        text: "Secrets are missing: KEY (web), NPM (build).",
        hint: "give them in .kamal/secrets",
      },
    ]);
    expect(JSON.stringify(found)).not.toContain("opensesame");
  });
});
