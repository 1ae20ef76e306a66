/** Where the commands about the registry do something: this machine, the servers, or both. */
import type { RegistryPlaces } from "../../execute/operation/registry-setup.ts";
import type { OptionTable, OptionValues } from "../options.ts";

export const PLACE_OPTIONS = {
  "skip-local": { kind: "bool", short: "L", help: "leave this machine as it is" },
  "skip-remote": { kind: "bool", short: "R", help: "leave the servers as they are" },
} as const satisfies OptionTable;

export function placesOf(options: OptionValues<typeof PLACE_OPTIONS>): RegistryPlaces {
  return { skipLocal: options["skip-local"], skipRemote: options["skip-remote"] };
}
