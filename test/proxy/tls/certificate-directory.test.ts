import { expect, test } from "vitest";
import { CertificateDirectory, coverageOf } from "../../../proxy/tls/certificate-directory.ts";
import { type CertificateTable, NO_CERTIFICATES } from "../../../proxy/tls/certificate-table.ts";

const certificate = (id: string) => ({ id, chain: "", privateKey: "", names: [] });

const TABLE: CertificateTable = {
  certificates: [certificate("exact"), certificate("wild"), certificate("unused")],
  names: [
    ["a.test", "exact"],
    ["*.a.test", "wild"],
    ["off.a.test", ""],
    ["lost.test", "gone"],
    ["had-soon.a.test", ""],
  ],
  defaultId: "wild",
  askable: ["had-soon.a.test", "*.ask.test"],
};

function found(directory: CertificateDirectory, name: string): string {
  const result = directory.find(name);
  return typeof result === "string" ? result : result.id;
}

test.each([
  ["a.test", "exact"],
  ["x.a.test", "wild"],
  ["x.y.a.test", "unknown"],
  ["off.a.test", "unknown"],
  ["had-soon.a.test", "askable"],
  ["lost.test", "unknown"],
  ["b.test", "unknown"],
  ["x.ask.test", "askable"],
  ["ask.test", "unknown"],
  ["x.y.ask.test", "unknown"],
  ["*.a.test", "wild"],
  ["test", "unknown"],
])("%s: %s", (name, id) => {
  expect(found(new CertificateDirectory(TABLE), name)).toBe(id);
});

test("any name may be askable", () => {
  const directory = new CertificateDirectory({ ...TABLE, askable: [""] });
  expect(["b.test", "x.y.a.test", "a.test"].map((name) => found(directory, name))).toEqual([
    "askable",
    "askable",
    "exact",
  ]);
});

test("nobody's name has one certificate at most [TL-01]", () => {
  expect(new CertificateDirectory(TABLE).default?.id).toBe("wild");
  expect(new CertificateDirectory(NO_CERTIFICATES).default).toBeUndefined();
  expect(new CertificateDirectory({ ...TABLE, defaultId: "gone" }).default).toBeUndefined();
});

test("a certificate covers its names, and one label for a wild one", () => {
  const covers = coverageOf(["a.test", "*.b.test", "*.test"]);
  const hosts = ["a.test", "x.b.test", "b.test", "x.y.b.test", "x.a.test", "test", "", "b"];
  expect(hosts.filter(covers)).toEqual(["a.test", "x.b.test", "b.test"]);
});
