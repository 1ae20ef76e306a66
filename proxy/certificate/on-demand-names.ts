/** Names that services take on demand: a handshake for one → its saved certificate, or an approval and an order. */
import type { CERTIFICATE_LIMITS } from "../limits.ts";
import type { EventLog } from "../observe/event-log.ts";
import { directoryUrlOf } from "../options/tls-options.ts";
import { unissuableReason } from "./authority.ts";
import type { CertificatePair } from "./certificate-pair.ts";
import type { ManagedCertificate } from "./managed-certificate.ts";
import type { ManagedSet } from "./managed-set.ts";
import type { Approval, OnDemandSubject } from "./on-demand.ts";
import type { TlsService, Wish } from "./wishes.ts";

/** Never rejects. */
export type Approve = (name: string, subject: OnDemandSubject) => Promise<Approval>;

export type OnDemandParts = {
  readonly managed: ManagedSet;
  readonly approve: Approve;
  readonly log: EventLog;
  readonly wishFor: (name: string, service: TlsService) => Wish;
  /** Resolves when the names that are wished for now have been taken up. */
  readonly follow: () => Promise<void>;
  readonly limits: typeof CERTIFICATE_LIMITS;
};

export class OnDemandNames {
  readonly #parts: OnDemandParts;
  /** Those that are held, the one asked for longest ago first. */
  readonly #held = new Map<string, Wish>();
  readonly #asked = new Map<string, Promise<void>>();

  constructor(parts: OnDemandParts) {
    this.#parts = parts;
  }

  /** Resolves when there is a certificate for `name`, or none can be had now; who asks meanwhile waits for the same. */
  want(name: string, service: TlsService): Promise<void> {
    const asked = this.#asked.get(name);
    if (asked !== undefined) return asked;
    const { log, limits } = this.#parts;
    if (this.#asked.size >= limits.maxOnDemandOrders) {
      log.warn("Too many names wait for a certificate", { host: name, service: service.name });
      return Promise.resolve();
    }
    const had = this.#had(name, service)
      .catch((error: unknown) => log.error("Unable to get a certificate on demand", { host: name, error }))
      .finally(() => this.#asked.delete(name));
    this.#asked.set(name, had);
    return had;
  }

  /** Drops the names that `ownerOf` knows no on-demand service for; returns the wishes for the others. */
  keep(ownerOf: (name: string) => TlsService | undefined): Wish[] {
    for (const name of this.#held.keys()) {
      const owner = ownerOf(name);
      if (owner === undefined) this.#held.delete(name);
      else this.#held.set(name, this.#parts.wishFor(name, owner));
    }
    return [...this.#held.values()];
  }

  *certificates(): Iterable<ManagedCertificate> {
    for (const wish of this.#held.values()) {
      const certificate = this.#parts.managed.find(wish);
      if (certificate !== undefined) yield certificate;
    }
  }

  *pairs(): Iterable<readonly [name: string, pair: CertificatePair]> {
    for (const { name, pair } of this.certificates()) if (pair !== null) yield [name, pair];
  }

  async #had(name: string, service: TlsService): Promise<void> {
    const { managed, log } = this.#parts;
    const { tls } = service.service;
    const wish = this.#parts.wishFor(name, service);
    if (unissuableReason(name, directoryUrlOf(tls)) !== undefined) return;
    // Whoever has had a certificate has been approved: the saved one counts, whatever it is worth now.
    if (!(await managed.store(wish.directory).has(name))) {
      const { allowed, reason } = await this.#parts.approve(name, subjectOf(service));
      if (!allowed) {
        log.debug("No certificate on demand", { host: name, service: service.name, error: reason });
        return;
      }
    }
    this.#hold(name, wish);
    await this.#parts.follow();
    const certificate = managed.find(wish);
    if (certificate !== undefined && !certificate.isValid && certificate.isOrdering) await certificate.order();
    // Without a certificate it is only tried again when somebody comes; with one, handshakes are answered from now on.
    if ((certificate?.pair ?? null) === null) this.#held.delete(name);
    await this.#parts.follow();
  }

  #hold(name: string, wish: Wish): void {
    this.#held.delete(name);
    this.#held.set(name, wish);
    const [oldest] = this.#held.keys();
    if (this.#held.size > this.#parts.limits.maxOnDemandCertificates && oldest !== undefined) this.#held.delete(oldest);
  }
}

/** As it is at this moment: health is that of the live targets. */
function subjectOf({ service, gate, targets }: TlsService): OnDemandSubject {
  const healthy = targets.find(({ role, health }) => role === "writer" && health === "healthy");
  return { onDemandUrl: service.tls.onDemandUrl, gate, targetAddress: healthy?.address ?? "" };
}
