/** The certificates that operators bring, by the service options that name them, followed while there are any. */
import { CERTIFICATE_LIMITS } from "../limits.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { ServiceOptions } from "../options/service-options.ts";
import type { Clock } from "./clock.ts";
import { OwnCertificate } from "./own-certificate.ts";
import type { TlsService } from "./wishes.ts";

type OwnParts = { readonly dataDirectory: string; readonly log: EventLog; readonly clock: Clock };

export class OwnCertificates {
  readonly #parts: OwnParts;
  readonly #onChange: () => Promise<void>;
  /** Of deploys that have not switched yet. */
  readonly #loaded = new Map<ServiceOptions, OwnCertificate>();
  /** By the options as they are routed: one object stays the same until the next deploy. */
  #kept = new Map<ServiceOptions, OwnCertificate>();
  #alarm: (() => void) | null = null;
  #closed = false;

  /** @param onChange another certificate than before is to be served */
  constructor(parts: OwnParts, onChange: () => Promise<void>) {
    this.#parts = parts;
    this.#onChange = onChange;
  }

  of(service: ServiceOptions): OwnCertificate | undefined {
    return this.#kept.get(service);
  }

  /** For a deploy. @returns its warnings @throws ProxyError `certificate-unusable` */
  async load({ name, service }: Pick<TlsService, "name" | "service">): Promise<string[]> {
    const own = this.#certificateOf(name, service);
    const warnings = await own.load();
    this.#loaded.set(service, own);
    return warnings;
  }

  /** The deploy is over, one way or the other. */
  forgetLoaded(service: ServiceOptions): void {
    this.#loaded.delete(service);
  }

  /** These services are to be served. Nothing that is wrong with one of them hinders another. */
  async follow(services: readonly TlsService[]): Promise<void> {
    const kept = new Map<ServiceOptions, OwnCertificate>();
    for (const { name, service } of services) {
      if (!service.tls.enabled || service.tls.certificatePath === "") continue;
      kept.set(service, this.#kept.get(service) ?? (await this.#bring(name, service)));
    }
    const copies = new Set(Array.from(kept.values(), ({ copyPath }) => copyPath));
    for (const [service, own] of this.#kept) {
      if (!kept.has(service) && !copies.has(own.copyPath)) await own.forgetCopy();
    }
    this.#kept = kept;
    this.#setAlarm();
  }

  close(): void {
    this.#closed = true;
    this.#alarm?.();
  }

  async #bring(name: string, service: ServiceOptions): Promise<OwnCertificate> {
    const loaded = this.#loaded.get(service);
    if (loaded !== undefined) {
      await loaded.keepCopy();
      return loaded;
    }
    const own = this.#certificateOf(name, service);
    await own.restore();
    return own;
  }

  #certificateOf(name: string, { hosts, tls }: ServiceOptions): OwnCertificate {
    const { certificatePath, privateKeyPath } = tls;
    return new OwnCertificate({ service: name, hosts, certificatePath, privateKeyPath }, this.#parts);
  }

  /** Files behind bind mounts and symbolic links tell nobody that they change; one has to look. */
  #setAlarm(): void {
    this.#alarm?.();
    this.#alarm = null;
    if (this.#kept.size === 0 || this.#closed) return;
    this.#alarm = this.#parts.clock.after(CERTIFICATE_LIMITS.filePollMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    try {
      const changed = await Promise.all(Array.from(this.#kept.values(), (own) => own.follow()));
      if (changed.includes(true)) await this.#onChange();
    } catch (error) {
      this.#parts.log.error("Unable to follow certificate files", { error });
    }
    this.#setAlarm();
  }
}
