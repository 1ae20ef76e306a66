/** Holds short WebSocket conversations, one after another on several lines, and checks who speaks in each of them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Identity } from "../app/wire.ts";
import type { Ledger } from "./ledger.ts";

export interface WebSocketLoad {
  readonly conversations: number;
  readonly messages: number;
  readonly open: number;
  finish: () => Promise<void>;
}

const linesAtOnce = 8;
const messagesEach = 5;
const betweenMessagesMs = 50;
const betweenConversationsMs = 50;
const answerTimeoutMs = 15_000;

export function startWebSocketLoad(port: number, ledger: Ledger): WebSocketLoad {
  const count = { conversations: 0, messages: 0, open: 0 };
  const finishing = new AbortController();
  const lines = Array.from({ length: linesAtOnce }, async () => {
    while (!finishing.signal.aborted) {
      try {
        await converse(port, ledger, count);
        count.conversations += 1;
      } catch (error) {
        ledger.failed(`WebSocket: ${error instanceof Error ? error.message : String(error)}`);
      }
      await sleep(betweenConversationsMs);
    }
  });
  return {
    get conversations() {
      return count.conversations;
    },
    get messages() {
      return count.messages;
    },
    get open() {
      return count.open;
    },
    finish: async () => {
      finishing.abort();
      await Promise.all(lines);
    },
  };
}

/** Opens, hears who is there, exchanges a few messages with that one version only, and closes. */
async function converse(port: number, ledger: Ledger, count: { messages: number; open: number }): Promise<void> {
  const startedAtMs = performance.now();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  const inbox = new Inbox(socket);
  try {
    const speaker = await inbox.next();
    count.open += 1;
    try {
      ledger.checkRelease(speaker, startedAtMs, "a WebSocket");
      for (let number = 1; number <= messagesEach; number += 1) {
        socket.send(`message ${number}`);
        const echo = await inbox.next();
        if (echo.pid !== speaker.pid || echo.version !== speaker.version) throw new Error("the speaker changed");
        if (echo.says !== `message ${number}`) throw new Error(`said "message ${number}", heard "${echo.says}"`);
        count.messages += 1;
        await sleep(betweenMessagesMs);
      }
    } finally {
      count.open -= 1;
    }
    socket.close(1000);
    await inbox.closed();
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** The messages of one socket in order; ends in an error when it closes before we closed it, or says nothing in time. */
class Inbox {
  readonly #messages: string[] = [];
  readonly #close = Promise.withResolvers<CloseEvent>();
  #wake: () => void = () => {};
  #ended: string | undefined;

  constructor(socket: WebSocket) {
    socket.addEventListener("message", ({ data }) => {
      this.#messages.push(String(data));
      this.#wake();
    });
    socket.addEventListener("close", (event) => {
      this.#ended = `closed by the other side (${event.code} ${event.reason})`;
      this.#close.resolve(event);
      this.#wake();
    });
    socket.addEventListener("error", () => {
      this.#ended ??= "refused or cut";
      this.#wake();
    });
  }

  async next(): Promise<Identity & { says: string }> {
    if (this.#messages.length === 0 && this.#ended === undefined) await this.#somethingNew();
    const message = this.#messages.shift();
    if (message === undefined) throw new Error(this.#ended ?? `nothing heard within ${answerTimeoutMs} ms`);
    return JSON.parse(message) as Identity & { says: string };
  }

  async closed(): Promise<void> {
    const { code } = await this.#close.promise;
    if (code !== 1000) throw new Error(`our goodbye was answered with ${code}`);
  }

  async #somethingNew(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, answerTimeoutMs);
    await promise;
    clearTimeout(timer);
  }
}
