import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  fingerprint,
  judgeHostKey,
  keyType,
  knownHostsLine,
  knownKeyTypes,
  namesHost,
  parseKnownHosts,
} from "../../../cli/ssh/known-hosts.ts";
import { appendKnownHost, readKnownHosts } from "../../../cli/ssh/known-hosts-file.ts";
import { makeKey } from "../../support/sshd.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const ED = Buffer.from("AAAAC3NzaC1lZDI1NTE5AAAAIBbFDkyNzSlKIHsAP4zAHeBPIRlKBTYAR8M8ERxHtSSA", "base64");
const OTHER = Buffer.from("AAAAC3NzaC1lZDI1NTE5AAAAIAbFDkyNzSlKIHsAP4zAHeBPIRlKBTYAR8M8ERxHtSSB", "base64");
const [ed, other] = [ED.toString("base64"), OTHER.toString("base64")];
const judged = (text: string, name: string, plain?: string) =>
  judgeHostKey(parseKnownHosts(text, "known_hosts"), name, plain, ED);

describe("which hosts a line names", () => {
  test.each([
    ["app.example.com", "app.example.com", true],
    ["APP.Example.com", "app.example.com", true],
    ["app.example.com,10.0.0.1", "10.0.0.1", true],
    ["*.example.com", "app.example.com", true],
    ["*.example.com,!db.example.com", "db.example.com", false],
    ["!db.example.com,*.example.com", "app.example.com", true],
    ["!db.example.com", "app.example.com", false],
    ["10.0.0.?", "10.0.0.12", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-b-b-d", false],
    ["[host]:2222", "[host]:2222", true],
    ["[host]:2222", "host", false],
    ["host", "hosts", false],
    ["|1|bad", "host", false],
    ["|2|AAAA|BBBB", "host", false],
  ])("%s and %s: %s", (hosts, name, found) => expect(namesHost(hosts, name)).toBe(found));

  test("names that ssh-keygen hashed, of any kind", async () => {
    const folder = await temporaryDirectory();
    const file = join(folder, "known_hosts");
    const names = ["app.example.com", "[app.example.com]:2222", "10.0.0.1", "fe80::1"];
    writeFileSync(file, names.map((name) => `${name} ssh-ed25519 ${ed}\n`).join(""));
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain("example");
    const entries = parseKnownHosts(text, file);
    expect(names.map((name) => entries.findIndex((entry) => namesHost(entry.hosts, name)))).toEqual([0, 1, 2, 3]);
    expect(entries.some((entry) => namesHost(entry.hosts, "other.example.com"))).toBe(false);
  });

  test("ssh-keygen finds the names that we hash", async () => {
    const file = join(await temporaryDirectory(), "known_hosts");
    writeFileSync(file, knownHostsLine("[app]:2222", ED, true) + knownHostsLine("plain", ED, false));
    expect(execFileSync("ssh-keygen", ["-F", "[app]:2222", "-f", file], { encoding: "utf8" })).toContain(
      "found: line 1",
    );
    expect(execFileSync("ssh-keygen", ["-F", "plain", "-f", file], { encoding: "utf8" })).toContain("found: line 2");
  });
});

describe("what is said of a key [CLI-16]", () => {
  test.each([
    ["nothing", "", "unknown"],
    ["the same key", `app ssh-ed25519 ${ed} with a comment`, "known"],
    ["another key", `app ssh-ed25519 ${other}`, "changed"],
    ["another and the same", `app ssh-ed25519 ${other}\napp ssh-ed25519 ${ed}`, "known"],
    ["the same key of another host", `db ssh-ed25519 ${ed}`, "unknown"],
    ["a key of another type", "app ecdsa-sha2-nistp256 AAAAE2VjZHNh", "changed"],
    ["a revoked key, also listed as good", `app ssh-ed25519 ${ed}\n@revoked * ssh-ed25519 ${ed}`, "revoked"],
    ["another revoked key", `@revoked * ssh-ed25519 ${other}`, "unknown"],
    ["an authority only", `@cert-authority *.net,app ssh-ed25519 ${other}`, "authority-only"],
    ["an authority that is the key", `@cert-authority app ssh-ed25519 ${ed}`, "authority-only"],
    ["an unknown marker", `@special app ssh-ed25519 ${other}`, "unknown"],
    ["a comment", `# app ssh-ed25519 ${other}`, "unknown"],
    ["half a line", "app ssh-ed25519", "unknown"],
    ["CRLF", `app ssh-ed25519 ${ed}\r\n`, "known"],
  ])("%s", (_, text, kind) => expect(judged(text, "app")).toMatchObject({ kind }));

  test("a line without a port counts for other ports where it agrees", () => {
    expect(judged(`app ssh-ed25519 ${ed}`, "[app]:2222", "app").kind).toBe("known");
    expect(judged(`app ssh-ed25519 ${other}`, "[app]:2222", "app").kind).toBe("unknown");
    expect(judged(`app ssh-ed25519 ${ed}\n[app]:2222 ssh-ed25519 ${other}`, "[app]:2222", "app").kind).toBe("known");
    expect(judged(`[app]:2222 ssh-ed25519 ${other}`, "[app]:2222", "app")).toMatchObject({
      kind: "changed",
      entry: { line: 1 },
    });
  });

  test("the line is counted with comments and empty lines", () => {
    expect(judged(`# one\n\n\t app ssh-ed25519 ${other}\n`, "app")).toMatchObject({
      entry: { line: 3, file: "known_hosts" },
    });
  });

  test("the known types, of the port's own lines first", () => {
    const entries = parseKnownHosts(
      `app ssh-ed25519 ${ed}\napp ssh-rsa AAAA\n[app]:2222 ecdsa-sha2-nistp256 AAAA\n@revoked app ssh-dss AAAA\n`,
      "f",
    );
    expect(knownKeyTypes(entries, "app", undefined)).toEqual(["ssh-ed25519", "ssh-rsa"]);
    expect(knownKeyTypes(entries, "[app]:2222", "app")).toEqual(["ecdsa-sha2-nistp256"]);
    expect(knownKeyTypes(entries, "[app]:99", "app")).toEqual(["ssh-ed25519", "ssh-rsa"]);
  });

  test("fingerprints are those of ssh-keygen", async () => {
    const path = join(await temporaryDirectory(), "key");
    makeKey(path, "ecdsa");
    const blob = Buffer.from(readFileSync(`${path}.pub`, "utf8").split(" ")[1] as string, "base64");
    expect(execFileSync("ssh-keygen", ["-l", "-f", path], { encoding: "utf8" })).toContain(fingerprint(blob));
    expect(keyType(blob)).toBe("ecdsa-sha2-nistp256");
    expect(keyType(Buffer.from([0xff]))).toBe("");
  });
});

describe("files", () => {
  test("are read together; one that is missing holds nothing", async () => {
    const folder = await temporaryDirectory();
    writeFileSync(join(folder, "a"), `app ssh-ed25519 ${ed}\n`);
    writeFileSync(join(folder, "b"), `db ssh-ed25519 ${other}\n`);
    const entries = await readKnownHosts([join(folder, "a"), join(folder, "none"), folder, join(folder, "b")]);
    expect(entries.map(({ hosts }) => hosts)).toEqual(["app", "db"]);
  });

  test("fifty writers at once each add their line, and none twice", async () => {
    const file = join(await temporaryDirectory(), "deep", "known_hosts");
    const unlessThere = (name: string) => (entries: readonly { hosts: string }[]) =>
      !entries.some(({ hosts }) => hosts === name);
    const names = Array.from({ length: 50 }, (_, at) => `host-${at % 25}`);
    await Promise.all(names.map((name) => appendKnownHost(file, knownHostsLine(name, ED, false), unlessThere(name))));
    const hosts = (await readKnownHosts([file])).map((entry) => entry.hosts);
    expect(hosts.toSorted()).toEqual([...new Set(names)].toSorted());
  });

  test("a lock that a dead process left is removed", async () => {
    const file = join(await temporaryDirectory(), "known_hosts");
    writeFileSync(`${file}.kdeploy-lock`, "");
    const { utimesSync } = await import("node:fs");
    utimesSync(`${file}.kdeploy-lock`, 0, 0);
    await appendKnownHost(file, knownHostsLine("app", ED, false), () => true);
    expect(await readKnownHosts([file])).toHaveLength(1);
  });
});
