import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";

const NEW_CONTAINER =
  /^docker run --rm --name app-web-exec-v1-[0-9a-f]{6} --network kamal --env-file \.kamal\/apps\/app\/env\/roles\/web\.env --log-opt max-size="10m" acme\/app:v1 date$/;

describe("app exec", () => {
  test("runs in a new container of the version that is deployed, once for each role of each host", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker run --rm/, { stdout: "Thu Jan 1\n" });
    const { exitCode, out } = await fleet.run("app exec date");
    expect(exitCode).toBe(0);
    expect(fleet.recording.on("one").at(-1)).toMatch(NEW_CONTAINER);
    expect(fleet.recording.on("three").filter((line) => /docker run --rm/.test(line))).toHaveLength(2);
    expect(out.match(/^App Host: \w+\nThu Jan 1\n$/gm)).toHaveLength(4);
    expect(fleet.lines("one")).toContain("audit: Executed cmd 'date' on app version v1");
    // Nothing is switched, so nobody has to wait for it; and the image is there, so no password is asked for.
    expect(fleet.lockSteps("one")).toEqual([]);
    expect(fleet.recording.all.filter(({ command }) => /docker login/.test(command))).toEqual([]);
  });

  test("an image that is gone is fetched, with a login whose password is on no command line", async () => {
    const fleet = new EverydayFleet();
    fleet.server("one").images.clear();
    expect((await fleet.run("app exec -h one date")).exitCode).toBe(0);
    const login = fleet.recording.all.find(({ command }) => command.startsWith("docker login"));
    expect(login?.input).toBe("hunter22");
    expect(fleet.lines("one")).toContain("docker pull acme/app:v1");
    expect(JSON.stringify(fleet.recording.on("one"))).not.toContain("hunter22");
  });

  test("--reuse runs in the container that is there, also in one that was renamed", async () => {
    const fleet = new EverydayFleet();
    const [container] = fleet.server("one").containers;
    if (container !== undefined) container.name = "app-web-v1_replaced_0123456789abcdef";
    expect((await fleet.run("app exec --reuse -h one,two date")).exitCode).toBe(0);
    expect(fleet.recording.on("one").at(-1)).toBe("docker exec app-web-v1_replaced_0123456789abcdef date");
    expect(fleet.recording.on("two").at(-1)).toBe("docker exec app-web-v1 date");
    expect(fleet.lines("two")).toContain("audit: [web] Executed cmd 'date' on app version v1");
  });

  test("where nothing runs there is nothing to reuse", async () => {
    const fleet = new EverydayFleet({ serving: null });
    const { exitCode, err } = await fleet.run("app exec --reuse -h one date");
    expect(exitCode).toBe(1);
    expect(err).toContain("one: nothing of web runs.");
    expect((await fleet.run("app exec -h one date")).err).toContain("one: web was never deployed.");
  });

  test("-p is the primary role on the primary host; -r names others", async () => {
    const fleet = new EverydayFleet();
    await fleet.run("app exec -p --reuse date");
    expect(fleet.recording.all.filter(({ command }) => command.startsWith("docker exec"))).toEqual([
      { host: "one", command: "docker exec app-web-v1 date", input: undefined },
    ]);
    await fleet.run("app exec -p -r jobs --reuse date");
    expect(fleet.recording.on("three").at(-1)).toBe("docker exec app-jobs-v1 date");
  });

  test.each([
    [["--reuse", "-e", "A:1", "x:y", "z"], 'docker exec --env A="1" app-web-v1 x:y z'],
    [["-e", "A:1", "-e", "B=a:b", "--reuse", "printenv"], 'docker exec --env A="1" --env B="a:b" app-web-v1 printenv'],
    [["--reuse", "rails runner 'puts 1'"], "docker exec app-web-v1 rails runner 'puts 1'"],
    [["--reuse", "ls", "-la", "--color=auto"], "docker exec app-web-v1 ls -la --color=auto"],
    [["--reuse", "--", "cmd", "-v", "-p", "--reuse"], "docker exec app-web-v1 cmd -v -p --reuse"],
    [["--reuse", " a ", "b"], "docker exec app-web-v1 a b"],
    [["--version", "v7", "--reuse", "date"], "docker exec app-web-v7 date"],
  ])("%j", async (words, line) => {
    const fleet = new EverydayFleet();
    expect((await fleet.run(["app", "exec", "-h", "one", ...words])).exitCode).toBe(0);
    expect(fleet.recording.on("one").at(-1)).toBe(line);
  });

  test("--detach leaves a container behind", async () => {
    const fleet = new EverydayFleet();
    await fleet.run("app exec -h one --detach date");
    expect(fleet.recording.on("one").at(-1)).toMatch(/^docker run --detach --name app-web-exec-v1-/);
  });

  test.each([
    ["app exec", "argument-missing"],
    ["app exec -h one --bogus date", "option-unknown"],
    ["app exec --detach -i date", "option-invalid"],
    ["app exec --detach --reuse date", "option-invalid"],
    ["app exec --raw -i date", "option-invalid"],
    ["app exec --raw --detach date", "option-invalid"],
    ["app exec -e A date", "option-invalid"],
    ["server exec --raw -i date", "option-invalid"],
  ])("%s is refused before anything runs", async (words, code) => {
    const fleet = new EverydayFleet();
    const { exitCode, err } = await fleet.run(words);
    expect(err).toContain(`ERROR (${code})`);
    expect(exitCode).toBe(2);
    expect(fleet.recording.all).toEqual([]);
  });

  test("on one host its exit code is the command's, and what it said is shown", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker exec/, { exitCode: 42, stdout: "half done\n", stderr: "no more\n" });
    const { exitCode, out, err } = await fleet.run("app exec -h one --reuse work");
    expect(exitCode).toBe(42);
    expect(out).toContain("App Host: one\nhalf done\n");
    expect(err).toContain("one: docker exec app-web-v1 work exited 42");
    expect(err).toContain("no more");
    expect(err.match(/ERROR/g)).toHaveLength(1);
  });

  test("on several hosts a failure is 1, every host is told of, and the others have run", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker exec/, { exitCode: 3, stderr: "bad" }, "one");
    fleet.script(/docker exec/, { exitCode: 4, stderr: "worse" }, "two");
    fleet.script(/docker exec/, { stdout: "good" }, "three");
    const { exitCode, out, err } = await fleet.run("app exec -r web --reuse work");
    expect(exitCode).toBe(1);
    expect(err).toContain("2 hosts failed: one, two");
    expect(err).toContain("bad");
    expect(err).toContain("worse");
    expect(out).toContain("App Host: three\ngood\n");
  });

  test("a role in which it fails does not keep it from the other roles of the host", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker exec app-web/, { exitCode: 3 });
    expect((await fleet.run("app exec -h three --reuse work")).exitCode).toBe(3);
    expect(fleet.recording.on("three").at(-1)).toBe("docker exec app-jobs-v1 work");
  });

  test("--raw is what it printed, byte for byte, and what it said goes to stderr", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker exec/, { stdout: "\u001b[1m a\r\n\n", stderr: "pg_dump: note\n" });
    const { exitCode, out, err } = await fleet.run("app exec -h one,two --reuse --raw pg_dump");
    expect(exitCode).toBe(0);
    expect(out).toBe("\u001b[1m a\r\n\n\u001b[1m a\r\n\n");
    expect(err.replace(/^Warning: .*\n/, "")).toBe("pg_dump: note\npg_dump: note\n");
  });

  test("--raw keeps the exit code as well", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker exec/, { exitCode: 9, stdout: "x" });
    const { exitCode, out, err } = await fleet.run("app exec -h one --reuse --raw false");
    expect([exitCode, out]).toEqual([9, "x"]);
    expect(err).toContain("exited 9");
  });

  test("a dry run says the line, and runs nothing", async () => {
    const fleet = new EverydayFleet();
    const { exitCode, out } = await fleet.run("app exec -h one --reuse --dry-run date");
    expect(exitCode).toBe(0);
    expect(out).toContain("would run on one: docker exec app-web-v1 date");
    expect(out).not.toContain("App Host");
    expect(fleet.recording.all.filter(({ command }) => /docker exec|audit/.test(command))).toEqual([]);
  });

  test("works where there is no git repository, and asks nothing of it", async () => {
    const fleet = new EverydayFleet();
    expect((await fleet.run("app exec -h one --reuse date", { env: {} })).exitCode).toBe(0);
    expect((await fleet.run("app stop -h one", { env: {} })).exitCode).toBe(0);
  });
});

describe("with this terminal", () => {
  test.each([
    ["app exec -i --reuse bash", true, "one: docker exec -it app-web-v1 bash"],
    ["app exec -i --reuse bash", false, "one: docker exec -i app-web-v1 bash"],
    ["app exec -i -h two --reuse bash", true, "two: docker exec -it app-web-v1 bash"],
    ["server exec -i htop", true, "one: /usr/bin/env htop"],
  ])("%s, at a terminal: %s", async (words, tty, line) => {
    const fleet = new EverydayFleet();
    expect((await fleet.run(words, { tty })).exitCode).toBe(0);
    expect(fleet.interactive).toEqual([line]);
  });

  test("in a new container, on the primary host, recorded as any other", async () => {
    const fleet = new EverydayFleet();
    await fleet.run("app exec -i bash", { tty: true });
    expect(fleet.interactive).toEqual([expect.stringMatching(/^one: docker run -it --rm --name app-web-exec-v1-/)]);
    expect(fleet.lines("one")).toContain("audit: Executed cmd 'bash' on app version v1");
  });

  test("its exit code is the command's", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/docker exec/, { exitCode: 130 });
    expect((await fleet.run("app exec -i --reuse bash")).exitCode).toBe(130);
  });

  test("a dry run does not take it", async () => {
    const fleet = new EverydayFleet();
    const { out } = await fleet.run("app exec -i --reuse --dry-run bash");
    expect(fleet.interactive).toEqual([]);
    expect(out).toContain("would run on one: docker exec -i app-web-v1 bash");
  });
});

describe("server exec", () => {
  test("runs on every host, accessories' too, and tells what it printed", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/^\/usr\/bin\/env uptime$/, { stdout: "up 3 days\n" });
    const { exitCode, out } = await fleet.run("server exec uptime");
    expect(exitCode).toBe(0);
    expect(out.match(/^App Host: \w+\nup 3 days\n$/gm)).toHaveLength(3);
    expect(fleet.lines("two")).toEqual(["audit: Executed cmd 'uptime' on server", "/usr/bin/env uptime"]);
  });

  test("several words are a line for the shell; options after -- are its own", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/^df/, { exitCode: 5 });
    const { exitCode } = await fleet.run("server exec -h two -- df -h -v");
    expect(exitCode).toBe(5);
    expect(fleet.lines("two").at(-1)).toBe("df -h -v");
  });

  test("--raw", async () => {
    const fleet = new EverydayFleet();
    fleet.script(/^\/usr\/bin\/env dump$/, { stdout: "a\n" });
    expect((await fleet.run("server exec --raw dump")).out).toBe("a\na\na\n");
  });
});
