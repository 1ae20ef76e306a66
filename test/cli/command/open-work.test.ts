import { describe, expect, test } from "vitest";
import { sshOptions } from "../../../cli/command/open-work.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { configOf } from "../config/written-config.ts";

const secrets = { find: async (name: string) => (name === "SSH_KEY" ? new Secret("the key") : undefined) };
const optionsOf = (text: string, env: Record<string, string> = {}) => sshOptions(configOf(text), secrets, env);

describe("the ssh section as the connections get it", () => {
  test("nothing said: the defaults, and what OpenSSH may decide is left to it", async () => {
    expect(await optionsOf("")).toEqual({
      user: "root",
      port: 22,
      proxy: undefined,
      proxyCommand: undefined,
      keysOnly: undefined,
      keys: [],
      keyData: [],
      config: true,
      forwardAgent: true,
      transport: "built-in",
      maxConcurrentStarts: 30,
      poolIdleTimeoutMs: 900_000,
      dnsRetries: 3,
    });
  });

  test("everything said", async () => {
    const options = await optionsOf(`
ssh:
  user: ann
  port: 2222
  proxy: ops@one,two
  keys_only: true
  keys: [~/k]
  key_data: [SSH_KEY, "PEM itself"]
  config: [./a, ./b]
  forward_agent: false
  log_level: debug
sshkit: { max_concurrent_starts: 2, pool_idle_timeout: 5, dns_retries: 0 }
`);
    expect(options).toMatchObject({
      user: "ann",
      port: 2222,
      proxy: "ops@one,root@two",
      keysOnly: true,
      keys: ["~/k"],
      config: ["./a", "./b"],
      forwardAgent: false,
      maxConcurrentStarts: 2,
      poolIdleTimeoutMs: 5000,
      dnsRetries: 0,
    });
    expect(options.keyData?.map((key) => key.reveal())).toEqual(["the key", "PEM itself"]);
  });

  test("what is denied stays denied, whatever OpenSSH's configuration says", async () => {
    expect(await optionsOf("ssh: { forward_agent: false, keys_only: false, config: false }")).toMatchObject({
      forwardAgent: false,
      keysOnly: false,
      config: false,
    });
  });

  test("KDEPLOY_SSH goes before ssh.transport", async () => {
    const transport = async (text: string, env = {}) => (await optionsOf(text, env)).transport;
    expect(await transport("ssh: { transport: system }")).toBe("system");
    expect(await transport("", { KDEPLOY_SSH: "system" })).toBe("system");
    expect(await transport("ssh: { transport: system }", { KDEPLOY_SSH: "built-in" })).toBe("built-in");
    expect(await transport("ssh: { transport: system }", { KDEPLOY_SSH: "" })).toBe("system");
  });

  test("a proxy command", async () => {
    expect(await optionsOf("ssh: { proxy_command: nc %h %p }")).toMatchObject({ proxyCommand: "nc %h %p" });
  });
});
