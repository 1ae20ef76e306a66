/** `kdeploy accessory backup`: the project's hook backs an accessory up. */
import { backUpAccessory } from "../../execute/operation/accessory-backup.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(
  backUpAccessory,
  "Runs the hook accessory-backup, on this machine, with KAMAL_ACCESSORY, KAMAL_HOSTS and all secrets. kdeploy init writes a sample for Postgres.",
);
