/** The authorizations of an order: each one's challenge put in place, checked by the authority, and taken away. */
import { type Authorization, type Client, crypto, type Order } from "acme-client";
import type { CertificateJob } from "../certificate/issue-protocol.ts";
import type { Authority } from "./authority.ts";
import type { Conversation } from "./conversation.ts";
import { withRecord } from "./dns-hook.ts";
import { explainValidation, recordName } from "./explain.ts";
import { IssueFailure, readProblem } from "./failure.ts";

type Challenge = Authorization["challenges"][number];
type Place = { readonly job: CertificateJob; readonly conversation: Conversation; readonly signal: AbortSignal };

/** @throws IssueFailure, AuthorityRefusal */
export async function authorize(authority: Authority, client: Client, order: Order, place: Place): Promise<void> {
  for (const authorization of await client.getAuthorizations(order)) {
    if (authorization.status === "valid") continue;
    if (authorization.status !== "pending") throw rejected(authorization, place.job);
    await meet(authority, client, authorization, place);
  }
}

async function meet(authority: Authority, client: Client, authorization: Authorization, place: Place): Promise<void> {
  const { job, conversation, signal } = place;
  const challenge = chooseChallenge(authorization, job);
  const answer = await client.getChallengeKeyAuthorization(challenge);
  const check = async (): Promise<void> => {
    await conversation.step(`${job.directory} checks ${job.name} by ${challenge.type}`);
    // One that was answered before a restart is being checked already, and may be answered only once.
    if (challenge.status !== "processing") await client.completeChallenge(challenge);
    const last = await authority.poll(
      async () => (await client.getAuthorizations({ ...NO_ORDER, authorizations: [authorization.url] }))[0],
      (current) => current?.status !== "pending",
    );
    if (last?.status !== "valid") throw rejected(last ?? authorization, job);
  };
  if (job.challenge === "dns-01") {
    const record = {
      name: recordName(authorization.identifier.value),
      value: answer,
      domain: authorization.identifier.value,
    };
    await withRecord(job.dnsHook, record, conversation, signal, check);
    return;
  }
  if (job.challenge === "http-01") {
    await conversation.place({ type: "http-01", token: challenge.token, keyAuthorization: answer }, signal);
  } else {
    const key = await crypto.createPrivateEcdsaKey("P-256");
    const [privateKey, chain] = await crypto.createAlpnCertificate(authorization, answer, key);
    const { value: name } = authorization.identifier;
    await conversation.place(
      { type: "tls-alpn-01", name, chain: chain.toString(), privateKey: privateKey.toString() },
      signal,
    );
  }
  await check();
}

/** For reading one authorization through acme-client, which reads those of orders only. */
const NO_ORDER = {
  url: "",
  status: "pending",
  identifiers: [],
  finalize: "",
} as const satisfies Partial<Order> as unknown as Order;

function chooseChallenge(authorization: Authorization, job: CertificateJob): Challenge {
  const { challenges } = authorization;
  // acme-client's types know two kinds; RFC 8737 is the third.
  const found = challenges.find(({ type }) => (type as string) === job.challenge);
  if (found) return found;
  const offered = challenges.map(({ type }) => type).join(", ") || "nothing";
  throw new IssueFailure(
    "internal",
    `${job.directory} does not check ${job.name} by ${job.challenge}; it offers ${offered}`,
  );
}

function rejected(authorization: Authorization, job: CertificateJob): IssueFailure {
  const failed = authorization.challenges.find(({ error }) => error !== undefined);
  if (job.orderUrl !== "" && failed === undefined) {
    return new IssueFailure("order-gone", `the check of ${job.name} is ${authorization.status}; it needs a new order`);
  }
  return explainValidation(job, readProblem(failed?.error));
}
