/** The account at the authority: the one that is known, or one that is looked up by its key, or a new one. */
import { type Client, crypto } from "acme-client";
import type { CertificateJob } from "../certificate/issue-protocol.ts";
import type { Authority } from "./authority.ts";
import type { Conversation } from "./conversation.ts";
import { explain } from "./explain.ts";

/** @throws IssueFailure `account` for one that the authority does not take, or as for any request */
export async function openAccount(
  authority: Authority,
  job: CertificateJob,
  conversation: Conversation,
): Promise<{ readonly client: Client; readonly privateKey: string }> {
  const { account, email, externalAccount } = job;
  const privateKey = account?.privateKey ?? (await crypto.createPrivateEcdsaKey("P-256")).toString();
  const client = authority.client(privateKey, account?.url ?? "", externalAccount);
  if (account === null || account.url === "") {
    await conversation.step(`registering an account at ${job.directory}`);
    try {
      const contact = email === "" ? {} : { contact: [`mailto:${email}`] };
      const status = await register(client, { termsOfServiceAgreed: true, ...contact });
      // The key leads to an account that exists (RFC 8555 §7.3), with the address that it had.
      if (status === 200 && email !== "") await client.updateAccount(contact);
    } catch (error) {
      throw explain(error, job, true);
    }
    await conversation.say({ event: "account", privateKey, url: client.getAccountUrl() });
  }
  return { client, privateKey };
}

/** @returns 201 for a new account, 200 for one that exists */
async function register(client: Client, request: object): Promise<number> {
  // The client's own way has an update follow where the account exists, and authorities refuse one that changes nothing.
  const { api } = client as unknown as {
    readonly api: { createAccount(request: object): Promise<{ status: number }> };
  };
  return (await api.createAccount(request)).status;
}
