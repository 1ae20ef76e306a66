import { expect, test } from "vitest";
import { findConflict } from "../../../proxy/control/host-conflict.ts";
import { readServiceOptions } from "../../../proxy/options/service-options.ts";

const taken = [
  { name: "root", service: readServiceOptions({ hosts: ["a.example", "b.example"] }) },
  { name: "api", service: readServiceOptions({ hosts: ["a.example"], pathPrefixes: ["/api"] }) },
  { name: "any", service: readServiceOptions({}) },
];

test.each([
  [{ hosts: ["B.example."] }, { owner: "root", host: "b.example", pathPrefix: "/" }],
  [
    { hosts: ["x.example", "a.example"], pathPrefixes: ["/x", "api/"] },
    { owner: "api", host: "a.example", pathPrefix: "/api" },
  ],
  [{}, { owner: "any", host: "", pathPrefix: "/" }],
  [{ hosts: ["c.example", ""] }, { owner: "any", host: "", pathPrefix: "/" }],
  [{ hosts: ["*.example"] }, undefined],
  [{ hosts: ["b.example"], pathPrefixes: ["/api"] }, undefined],
  [{ pathPrefixes: ["/any"] }, undefined],
])("%j", (wanted, conflict) => {
  expect(findConflict("new", readServiceOptions(wanted), taken)).toEqual(conflict);
});

test("a service does not stand in its own way", () => {
  expect(findConflict("any", readServiceOptions({}), taken)).toBeUndefined();
});
