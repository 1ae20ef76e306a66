/** A job from its beginning to its last event; this is the whole story of a certificate. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { CertificateJob, IssueEvent, IssueJob } from "../certificate/issue-protocol.ts";
import { openAccount } from "./account.ts";
import { Authority } from "./authority.ts";
import { authorize } from "./authorize.ts";
import type { Conversation } from "./conversation.ts";
import { explain } from "./explain.ts";
import { IssueFailure } from "./failure.ts";
import { completeOrder, openOrder } from "./order.ts";
import { readRenewalInfo } from "./renewal-info.ts";

/** Never throws. @param signal aborted with an IssueFailure, which becomes the last event */
export async function runJob(job: IssueJob, conversation: Conversation, signal: AbortSignal): Promise<IssueEvent> {
  try {
    if (job.kind === "certificate") return { event: "issued", chain: await issue(job, conversation, signal) };
    return await readRenewalInfo(new Authority(job.directory, signal), job);
  } catch (error) {
    const words =
      job.kind === "certificate" ? job : ({ name: "renewal information", challenge: "http-01", ...job } as const);
    return { event: "failed", problem: explain(error, words).problem };
  }
}

async function issue(job: CertificateJob, conversation: Conversation, signal: AbortSignal): Promise<string> {
  if (job.name.startsWith("*.") && job.challenge !== "dns-01") {
    throw new IssueFailure("rejected-name", `${job.name} can be checked by dns-01 only, not by ${job.challenge}`);
  }
  const key = readKey(job);
  const authority = new Authority(job.directory, signal);
  const { client } = await openAccount(authority, job, conversation);
  await conversation.step(`ordering a certificate for ${job.name} from ${job.directory}`);
  const order = await openOrder(client, job);
  await conversation.say({ event: "order", url: order.url });
  if (order.status === "pending") await authorize(authority, client, order, { job, conversation, signal });
  await conversation.step(`fetching the certificate for ${job.name}`);
  return completeOrder(authority, client, order, job, key);
}

/** Before anything is ordered: a key that cannot be read would be found out only when the order is used up. */
function readKey({ name, privateKey }: CertificateJob): KeyObject {
  try {
    return createPrivateKey(privateKey);
  } catch (cause) {
    throw new IssueFailure("internal", `the private key for ${name} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
