/** A value to an HTTP address as JSON, in bounded time → undefined, or why it did not arrive, without the address. */

export type Post = {
  readonly url: string;
  readonly body: unknown;
  /** Of each attempt. */
  readonly timeoutMs: number;
  /** In all; only what may go better the next time is tried again. */
  readonly attempts: number;
  /** Ends all attempts. */
  readonly signal?: AbortSignal | undefined;
};

const RETRY_MS = 250;

export async function postJson({ url, body, timeoutMs, attempts, signal }: Post): Promise<string | undefined> {
  const text = JSON.stringify(body);
  for (let attempt = 1; ; attempt++) {
    const { problem, final } = await post(url, text, timeoutMs, signal);
    if (problem === undefined || final || attempt >= attempts || signal?.aborted === true) return problem;
    await new Promise((resolve) => {
      setTimeout(resolve, RETRY_MS);
    });
  }
}

type Outcome = { readonly problem: string | undefined; readonly final: boolean };

async function post(url: string, body: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<Outcome> {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      // Where it leads is for whoever wrote the address to say.
      redirect: "manual",
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
    });
    // Unread, it would keep the connection.
    await response.body?.cancel();
    if (response.ok) return { problem: undefined, final: true };
    const { status } = response;
    return { problem: `status ${status}`, final: status < 500 && status !== 408 && status !== 429 };
  } catch (error) {
    if (late.aborted) return { problem: `no answer within ${timeoutMs / 1000} s`, final: false };
    if (signal?.aborted === true) return { problem: "there was no time left", final: true };
    return { problem: reasonOf(error), final: false };
  }
}

/** `fetch` hides the cause; its message may hold the address. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "the connection failed";
}
