/** `boot`: how many hosts at a time get the new version. Config-schema §9. */
import * as z from "zod";
import { boolean, key, seconds, section } from "./types.ts";

/** A count or a percentage of the hosts; a count in quotes is a count. */
const limit = z
  .union([z.int(), z.string()], { error: "should be an integer or a percentage such as 25%" })
  .refine((value) => (typeof value === "number" ? value >= 1 : /^[1-9][0-9]*%?$/.test(value)), {
    error: "should be an integer or a percentage such as 25%",
  });

export const boot = section({
  limit: key(
    limit,
    "Hosts at a time: a number, or a percentage of all hosts, rounded down but at least one. Without it, all at once.",
    "25%",
  ),
  wait: key(seconds(), "Seconds to wait after each group.", 2),
  parallel_roles: key(boolean(), "Boot all roles of a host at the same time rather than one after another.", true),
});
