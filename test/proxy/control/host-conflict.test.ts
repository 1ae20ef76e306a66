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
  [{ hosts: ["c.example"] }, undefined],
])("%j [A158]", (wanted, conflict) => {
  expect(findConflict("new", readServiceOptions(wanted), taken)).toEqual(conflict);
});

test("a service for any host does not stand in the way of a named one [A162]", () => {
  const any = [{ name: "any", service: readServiceOptions({}) }];
  expect(findConflict("new", readServiceOptions({ hosts: ["a.example"] }), any)).toBeUndefined();
});

test("a service does not stand in its own way [A158]", () => {
  expect(findConflict("any", readServiceOptions({}), taken)).toBeUndefined();
});
