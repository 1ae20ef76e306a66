/** All the certificates that the proxy gets itself: wished for by services or had on demand, each worked on when it is due. */
import type { EventLog } from "../observe/event-log.ts";
import { CertificateStore } from "./certificate-store.ts";
import { sleepMs } from "./certificate-times.ts";
import { ManagedCertificate } from "./managed-certificate.ts";
import { Ordering, type OrderingParts } from "./ordering.ts";
import type { Wish } from "./wishes.ts";

export type ManagedSetParts = Omit<OrderingParts, "store"> & {
  readonly log: EventLog;
  /** 0 to 1 */
  readonly random: () => number;
  /** Another certificate than before is to be served. */
  readonly onCertificate: () => Promise<void>;
};

export class ManagedSet {
  readonly #parts: ManagedSetParts;
  readonly #entries = new Map<string, ManagedCertificate>();
  readonly #stores = new Map<string, { readonly store: CertificateStore; readonly ordering: Ordering }>();
  #alarm: () => void = () => undefined;

  constructor(parts: ManagedSetParts) {
    this.#parts = parts;
  }

  find(wish: Wish): ManagedCertificate | undefined {
    return this.#entries.get(keyOf(wish));
  }

  store(directory: string): CertificateStore {
    return this.#placeOf(directory).store;
  }

  *wished(): Iterable<ManagedCertificate> {
    for (const certificate of this.#entries.values()) if (certificate.wished) yield certificate;
  }

  /** Takes new wishes up, reading what is on disk, and drops what nobody wishes any more. */
  async follow(wishes: readonly Wish[]): Promise<void> {
    const wanted = new Map(wishes.map((wish) => [keyOf(wish), wish]));
    for (const [key, certificate] of this.#entries) certificate.wished = wanted.has(key);
    const taken = await Promise.all(Array.from(wanted.values(), (wish) => this.#take(wish)));
    for (const certificate of taken) {
      const key = keyOf({ name: certificate.name, directory: certificate.directory });
      if (!this.#entries.has(key)) this.#entries.set(key, certificate);
    }
    this.#dropUnwished();
  }

  /** Looks what is due, starts that, and sets the alarm for the next. */
  wake(): void {
    this.#alarm();
    const { clock, closing } = this.#parts;
    if (closing.aborted) return;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const certificate of this.wished()) {
      certificate.lookAfter().catch(() => undefined);
      if (certificate.isOrdering) continue;
      const { what, atMs } = certificate.due();
      if (atMs > clock.now()) nextMs = Math.min(nextMs, atMs);
      else void (what === "order" ? certificate.order() : certificate.question()).then(() => this.#rested());
    }
    if (this.#entries.size > 0) this.#alarm = clock.after(sleepMs(nextMs, clock.now()), () => this.wake());
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    const busy = Array.from(this.#entries.values()).filter(({ isOrdering }) => isOrdering);
    await Promise.all(busy.map((certificate) => certificate.order()));
  }

  close(): void {
    this.#alarm();
  }

  #rested(): void {
    this.#dropUnwished();
    this.wake();
  }

  async #take(wish: Wish): Promise<ManagedCertificate> {
    const known = this.find(wish);
    if (known !== undefined) {
      known.settings = wish.settings;
      return known;
    }
    const { store, ordering } = this.#placeOf(wish.directory);
    const certificate = new ManagedCertificate(wish.settings, { ...this.#parts, name: wish.name, store, ordering });
    // Nothing that is wrong with one name may keep the others from being served.
    await certificate.load().catch((error: unknown) => {
      this.#parts.log.error("Unable to load certificate", { host: wish.name, error });
    });
    return certificate;
  }

  /** Those under way stay until they have ended: nobody else may order the same name meanwhile. */
  #dropUnwished(): void {
    for (const [key, { wished, isOrdering }] of this.#entries) {
      if (!wished && !isOrdering) this.#entries.delete(key);
    }
  }

  #placeOf(directory: string) {
    let place = this.#stores.get(directory);
    if (place === undefined) {
      const store = new CertificateStore(directory, this.#parts.log);
      place = { store, ordering: new Ordering({ ...this.#parts, store }) };
      this.#stores.set(directory, place);
    }
    return place;
  }
}

function keyOf({ directory, name }: Pick<Wish, "directory" | "name">): string {
  return `${directory}\0${name}`;
}
