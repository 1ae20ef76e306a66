/** Simulated servers with three accessories: a database on one host, a cache on two, and a page behind the proxy of two. */
import { expect } from "vitest";
import { EverydayFleet } from "./everyday-fleet.ts";
import { type FleetOptions, THREE_HOSTS } from "./simulated-fleet.ts";

export const ACCESSORIES = `${THREE_HOSTS}
accessories:
  db: { image: "postgres:16", host: two, port: "127.0.0.1:5432:5432", env: { clear: { A: b } } }
  cache: { image: "redis:7", hosts: [one, two], directories: ["data:/data"] }
  admin: { image: admin, hosts: [one, three], proxy: { host: admin.example.com } }
`;

export function fleetOf(options: FleetOptions = {}): EverydayFleet {
  return new EverydayFleet({ config: ACCESSORIES, ...options });
}

/** With every accessory booted, and forgotten how. */
export async function booted(options: FleetOptions = {}): Promise<EverydayFleet> {
  const fleet = fleetOf(options);
  expect((await fleet.run("accessory boot all -q")).exitCode).toBe(0);
  fleet.recording.all.length = 0;
  return fleet;
}

/** What is about accessories' containers, in short. */
export function steps(fleet: EverydayFleet, host: string): string[] {
  return fleet.lines(host).flatMap((line) => {
    const known = [
      /^(audit: .*)$/,
      /^docker (run) --name (\S+)/,
      /^docker (rename) (\S+) (\S+)$/,
      /^docker container (start|stop) (app-\S+)$/,
      /^docker container (rm) --force (\S+)$/,
      /^docker image (pull) (\S+)$/,
      /kamal-proxy (deploy|remove) (\S+)/,
      /^\/usr\/bin\/env (rm) -rf (\S+)$/,
    ];
    const found = known.map((pattern) => pattern.exec(line)).find((match) => match !== null);
    return found === undefined || found === null
      ? []
      : [
          found
            .slice(1)
            .join(" ")
            .replaceAll(/[0-9a-f]{16}/g, "HEX"),
        ];
  });
}

export function containers(fleet: EverydayFleet, host: string): string[] {
  return fleet
    .server(host)
    .containers.filter(({ name }) => !/-v\d$/.test(name))
    .map(({ name, running }) => `${name}${running ? "" : " stopped"}`)
    .toSorted();
}
