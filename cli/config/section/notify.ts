/** `notify`: who is told when something was changed, by a webhook. Ours alone. */
import * as z from "zod";
import type { Notification, NotifyEvent } from "../config.ts";
import { secretName } from "../value-syntax.ts";
import { key, list, requiredKey, section, strictText } from "./types.ts";

export const NOTIFY_EVENTS: readonly NotifyEvent[] = [
  "started",
  "finished",
  "failed",
  "rolled-back",
  "maintenance",
  "live",
];
const FORMATS: readonly Notification["format"][] = ["slack", "discord", "json"];
const URL_MESSAGE = "should be the name of a secret: whoever knows the address can post there";

export const NOTIFY_EXAMPLE = [
  { url: "SLACK_WEBHOOK_URL", format: "slack", on: ["finished", "failed", "rolled-back"] },
];

export const notification = section({
  url: requiredKey(
    strictText(URL_MESSAGE, (name) => (secretName(name) === undefined ? undefined : URL_MESSAGE)),
    "Name of the secret that has the address of the webhook.",
    "SLACK_WEBHOOK_URL",
  ),
  format: key(
    z.enum(FORMATS, { error: `should be one of: ${FORMATS.join(", ")}` }),
    "What the address understands: slack, discord, or json for a program of your own.",
    "slack",
  ),
  on: key(
    list(z.enum(NOTIFY_EVENTS, { error: `should be one of: ${NOTIFY_EVENTS.join(", ")}` })),
    "What is worth a message: started, finished, failed, rolled-back, maintenance, live. All but started unless given.",
    ["finished", "failed", "rolled-back"],
  ),
});

export const notify = list(notification);
