/** Takes turns: a few tasks at once, orders before questions, each in the order they came. */

type Waiting = { readonly start: () => void };

export class IssueQueue {
  readonly #atOnce: number;
  readonly #orders: Waiting[] = [];
  readonly #questions: Waiting[] = [];
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Resolves or rejects as `task` does, once it has had its turn. */
  async run<T>(kind: "order" | "question", task: () => Promise<T>): Promise<T> {
    await this.#turn(kind === "order" ? this.#orders : this.#questions);
    try {
      return await task();
    } finally {
      this.#running--;
      (this.#orders.shift() ?? this.#questions.shift())?.start();
    }
  }

  #turn(line: Waiting[]): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running++;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      line.push({
        start: () => {
          this.#running++;
          resolve();
        },
      });
    });
  }
}
