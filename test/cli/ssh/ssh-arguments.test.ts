import { describe, expect, test } from "vitest";
import { forwardArguments, interactiveArguments, masterArguments } from "../../../cli/ssh/ssh-arguments.ts";
import { DEFAULT_SSH_OPTIONS } from "../../../cli/ssh/ssh-settings.ts";

describe("arguments of ssh", () => {
  const interactive = (more: object, command = "docker exec -it x sh", hasTerminal = true) =>
    interactiveArguments("app", command, { ...DEFAULT_SSH_OPTIONS, ...more }, [], undefined, hasTerminal).join(" ");

  test.each([
    [{}, "-t root@app -p 22 docker exec -it x sh"],
    [{ config: false }, "-F /dev/null -t root@app -p 22 docker exec -it x sh"],
    [{ proxy: "jump" }, "-J root@jump -t root@app -p 22 docker exec -it x sh"],
    [{ proxyCommand: "nc %h" }, "-o ProxyCommand=nc %h -t root@app -p 22 docker exec -it x sh"],
    [
      { keys: ["/k", "/l"], keysOnly: true, user: "d", port: 9 },
      "-i /k -i /l -o IdentitiesOnly=yes -t d@app -p 9 docker exec -it x sh",
    ],
    [{ forwardAgent: true }, "-A -t root@app -p 22 docker exec -it x sh"],
    // What deploy.yml denies, the OpenSSH configuration does not allow again.
    [{ forwardAgent: false, keysOnly: false }, "-o IdentitiesOnly=no -a -t root@app -p 22 docker exec -it x sh"],
  ])("a session for a person: %j", (more, line) => expect(interactive(more)).toBe(line));

  test("without a terminal here none is asked for there", () => {
    expect(interactive({}, "docker exec -i x sh", false)).toBe("-T root@app -p 22 docker exec -i x sh");
  });

  test("a command is never taken for an option [CLI-11]", () => {
    expect(interactive({}, "-oProxyCommand=x")).toMatch(/22 {2}-oProxyCommand=x$/);
  });

  test("a master connection is told to lead a port here, and to end that", () => {
    const line = (verb: "forward" | "cancel") =>
      forwardArguments(verb, "ann@app:9", "/s", { remotePort: 5000, localPort: 5001 }).join(" ");
    expect(line("forward")).toBe("-F /dev/null -S /s -O forward -R 127.0.0.1:5000:127.0.0.1:5001 -- app");
    expect(line("cancel")).toBe("-F /dev/null -S /s -O cancel -R 127.0.0.1:5000:127.0.0.1:5001 -- app");
  });

  test("nobody is asked, and the host stands behind -- [CLI-03] [CLI-12]", () => {
    const args = masterArguments("app", "/s", DEFAULT_SSH_OPTIONS, ["/key"], "/config", true);
    expect(args.slice(0, 4)).toEqual(["-F", "/config", "-i", "/key"]);
    expect(args).toContain("BatchMode=yes");
    expect(args).toContain("ServerAliveInterval=10");
    expect(args).toContain("StrictHostKeyChecking=accept-new");
    expect(args.slice(-2)).toEqual(["--", "app"]);
    expect(() => masterArguments("-oX", "/s", DEFAULT_SSH_OPTIONS, [], undefined, true)).toThrow("Not a host name");
  });
});
