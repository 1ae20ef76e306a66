import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Secret } from "../../../cli/secret/secret.ts";
import { askSsh, cachedOpenssh, type OpensshQuery, parseOpensshConfig } from "../../../cli/ssh/openssh-config.ts";
import { DEFAULT_SSH_OPTIONS, hostSettings, jumpSettings, type SshOptions } from "../../../cli/ssh/ssh-settings.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const SAID = `user somebody
hostname 10.1.2.3
port 2022
identityfile ~/.ssh/work
identityfile %d/.ssh/%h-%r
identitiesonly yes
identityagent /run/agent.sock
proxyjump admin@bastion:2200,second
userknownhostsfile ~/.ssh/known_hosts /etc/more
globalknownhostsfile none
stricthostkeychecking true
hashknownhosts yes
forwardagent yes
connecttimeout 7
addressfamily inet6`;

const settings = (more: Partial<SshOptions> = {}, said: string | undefined = SAID) =>
  hostSettings("app", { ...DEFAULT_SSH_OPTIONS, ...more }, async () =>
    said === undefined ? undefined : parseOpensshConfig(said),
  );

describe("settings of a host", () => {
  test("user and port are ours, the rest is OpenSSH's where we say nothing", async () => {
    expect(await settings({ user: "deploy", port: 222 })).toMatchObject({
      name: "app",
      address: "10.1.2.3",
      user: "deploy",
      port: 222,
      family: 6,
      identities: [
        { kind: "file", path: `${homedir()}/.ssh/work`, asked: true },
        { kind: "file", path: `${homedir()}/.ssh/10.1.2.3-deploy`, asked: true },
      ],
      identitiesOnly: true,
      agentSocket: "/run/agent.sock",
      forwardAgent: true,
      route: { kind: "jump", hops: ["admin@bastion:2200", "second"], defaultUser: undefined },
      connectTimeoutMs: 7_000,
      knownHosts: {
        name: "[10.1.2.3]:222",
        plainName: "10.1.2.3",
        userFiles: [`${homedir()}/.ssh/known_hosts`, "/etc/more"],
        globalFiles: [],
        strict: true,
        hashNames: true,
      },
    });
  });

  test("what we say replaces OpenSSH's answer", async () => {
    const own = await settings({ keys: ["~/k"], keysOnly: false, forwardAgent: false, proxy: "jump.example.com" });
    expect(own).toMatchObject({
      identities: [{ kind: "file", path: `${homedir()}/k` }],
      identitiesOnly: false,
      forwardAgent: false,
      route: { kind: "jump", hops: ["jump.example.com"], defaultUser: "root" },
    });
    expect((await settings({ proxyCommand: "nc %h %p" })).route).toEqual({
      kind: "command",
      command: "nc 10.1.2.3 22",
    });
    expect((await settings({ proxy: "a", proxyCommand: "b" })).route.kind).toBe("jump");
    const data = await settings({ keyData: [new Secret("pem")], keysOnly: true });
    expect(data.identities.map(({ kind }) => kind)).toEqual(["data"]);
  });

  test("without OpenSSH the standard places count", async () => {
    const plain = await hostSettings("App.Example.com", { ...DEFAULT_SSH_OPTIONS, config: false }, () =>
      Promise.reject(new Error("was asked")),
    );
    expect(plain).toMatchObject({
      address: "App.Example.com",
      user: "root",
      port: 22,
      route: { kind: "direct" },
      forwardAgent: false,
    });
    expect(plain.knownHosts).toMatchObject({ name: "app.example.com", strict: false, hashNames: false });
    expect(plain.identities).toContainEqual({ kind: "file", path: `${homedir()}/.ssh/id_ed25519`, asked: false });
    expect((await settings({}, "proxyjump none\nproxycommand none\nidentityagent none")).agentSocket).toBeUndefined();
  });

  test("HostKeyAlias is the name in known_hosts, whatever the port", async () => {
    expect((await settings({ port: 222 }, "hostname 10.1.2.3\nhostkeyalias Alias")).knownHosts).toMatchObject({
      name: "alias",
      plainName: undefined,
    });
  });

  test("a jump host has its own configuration", async () => {
    const asked: OpensshQuery[] = [];
    const ask = async (query: OpensshQuery) => {
      asked.push(query);
      return parseOpensshConfig("user fromconfig\nport 2200\nhostname 10.9.9.9");
    };
    expect(await jumpSettings("bastion", undefined, DEFAULT_SSH_OPTIONS, ask)).toMatchObject({
      user: "fromconfig",
      port: 2200,
      address: "10.9.9.9",
    });
    expect(await jumpSettings("ops@bastion:99", "root", DEFAULT_SSH_OPTIONS, ask)).toMatchObject({
      user: "ops",
      port: 99,
    });
    expect(asked[0]).toMatchObject({ host: "bastion", user: undefined, port: undefined });
  });

  test("hostile names and jump hosts are refused before anything runs [CLI-12]", async () => {
    await expect(
      hostSettings("-oProxyCommand=x", DEFAULT_SSH_OPTIONS, () => Promise.reject(new Error("was asked"))),
    ).rejects.toThrow("Not a host name");
    await expect(settings({ proxy: "-J" })).rejects.toThrow("Not a host name");
    await expect(settings({ user: "-l x" })).rejects.toThrow("Not a user name");
    await expect(settings({}, "proxyjump a,-x")).rejects.toThrow("Not a host name");
  });
});

describe("ssh -G", () => {
  const query = (files: true | string[]): OpensshQuery => ({ host: "app", user: "deploy", port: 22, files });

  test("is asked for files of ours, several counting in order", async () => {
    const folder = await temporaryDirectory();
    const [first, second] = [join(folder, "one file"), join(folder, "second")];
    writeFileSync(first, "Host app\nHostName 10.0.0.1\n");
    writeFileSync(second, "Host app\nHostName 10.0.0.2\nIdentityFile /k\n");
    expect((await askSsh(query([first])))?.get("hostname")).toEqual(["10.0.0.1"]);
    const both = await askSsh(query([first, second]));
    expect([both?.get("hostname"), both?.get("identityfile"), both?.get("user")]).toEqual([
      ["10.0.0.1"],
      ["/k"],
      ["deploy"],
    ]);
  });

  test("a file that it refuses is an error with its words", async () => {
    const file = join(await temporaryDirectory(), "config");
    writeFileSync(file, "NoSuchOption yes\n");
    await expect(askSsh(query([file]))).rejects.toMatchObject({
      code: "ssh-config-invalid",
      message: expect.stringMatching(/nosuchoption/i),
    });
  });

  test("is asked once for each host", async () => {
    let count = 0;
    const ask = cachedOpenssh(async () => {
      count += 1;
      return undefined;
    });
    await Promise.all([ask(query(true)), ask(query(true)), ask({ ...query(true), host: "db" })]);
    expect(count).toBe(2);
  });
});
