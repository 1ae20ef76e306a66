/**
 * The certificates of all services: gets, keeps, renews and loads them, and has the data plane show them. Services come
 * in as they change; tables of certificates and challenges go out.
 */

import type { DataPlane } from "../data-plane/data-plane.ts";
import { CERTIFICATE_LIMITS } from "../limits.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { MetricFamily } from "../observe/metrics-catalogue.ts";
import { SerialQueue } from "../state/serial-queue.ts";
import { type CertificateTable, NO_CERTIFICATES } from "../tls/certificate-table.ts";
import { ariCertId } from "./ari.ts";
import { type CertificatePair, wildcardOf } from "./certificate-pair.ts";
import { ChallengeBoard } from "./challenge-board.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { type Expectation, Expected, NOTHING_EXPECTED } from "./expectation.ts";
import type { Issue } from "./issue.ts";
import { IssueQueue } from "./issue-queue.ts";
import { type CertificateListing, certificateFigures, listCertificates, type OrderCounts } from "./listing.ts";
import { ManagedSet } from "./managed-set.ts";
import { type Approve, OnDemandNames } from "./on-demand-names.ts";
import { OwnCertificates } from "./own-certificates.ts";
import { refuseUnusable } from "./refuse-unusable.ts";
import { isSameTable, servedTable } from "./served-table.ts";
import { isOnDemand, ownerOf, type TlsService, type Wish, wishesOf, wishFor } from "./wishes.ts";

export type CertificatesOptions = {
  readonly dataPlane: DataPlane;
  readonly log: EventLog;
  readonly dataDirectory: string;
  readonly issue: Issue;
  /** Says whether an on-demand name may have a certificate; by default none may. */
  readonly approve?: Approve;
  /** `host:port` of proxies on other servers, for all services. */
  readonly peers?: readonly string[];
  readonly clock?: Clock;
  /** 0 to 1 */
  readonly random?: () => number;
  readonly limits?: Partial<typeof CERTIFICATE_LIMITS>;
};

/** How long the end of the proxy waits for orders to be given up. */
const CLOSE_GRACE_MS = 1_000;
const NOBODY: Approve = () => Promise.resolve({ allowed: false, reason: "on-demand certificates are not available" });

export class Certificates {
  readonly #dataPlane: DataPlane;
  readonly #dataDirectory: string;
  readonly #peers: readonly string[];
  readonly #clock: Clock;
  readonly #board: ChallengeBoard;
  readonly #managed: ManagedSet;
  readonly #own: OwnCertificates;
  readonly #onDemand: OnDemandNames;
  readonly #closing = new AbortController();
  readonly #changes = new SerialQueue();
  readonly #tables = new SerialQueue();
  readonly #expected = new Set<Pick<TlsService, "name" | "service">>();
  readonly #orders: OrderCounts = new Map();
  #services: readonly TlsService[] = [];
  #leaving: readonly TlsService[] = [];
  #defaultHost = "";
  #nextDefaultHost = "";
  #table: CertificateTable = NO_CERTIFICATES;

  constructor(options: CertificatesOptions) {
    const { dataPlane, log, dataDirectory, issue, clock = SYSTEM_CLOCK, random = Math.random } = options;
    const limits = { ...CERTIFICATE_LIMITS, ...options.limits };
    this.#dataPlane = dataPlane;
    this.#dataDirectory = dataDirectory;
    this.#peers = options.peers ?? [];
    this.#clock = clock;
    this.#board = new ChallengeBoard(dataPlane);
    this.#own = new OwnCertificates({ dataDirectory, log, clock }, () => this.#publish());
    this.#managed = new ManagedSet({
      issue,
      clock,
      random,
      log,
      board: this.#board,
      queue: new IssueQueue(limits.maxIssuingProcesses),
      certIdOf: ariCertId,
      closing: this.#closing.signal,
      onResult: (result) => this.#orders.set(result, (this.#orders.get(result) ?? 0) + 1),
      onCertificate: () => this.#publish(),
    });
    this.#onDemand = new OnDemandNames({
      managed: this.#managed,
      limits,
      approve: options.approve ?? NOBODY,
      log,
      wishFor: (name, { service }) => wishFor(name, service.tls, dataDirectory),
      follow: () =>
        this.#changes.run(async () => {
          await this.#followWishes();
          await this.#publish();
        }),
    });
    dataPlane.whenMissing((name) => this.#onMissing(name));
  }

  /**
   * A deploy of this service has begun. Everything that can be known to be wrong is found now; orders begin at once.
   * @param report hears how they go, in sentences
   * @throws ProxyError `certificate-unusable`, `invalid-options`; then nothing has changed
   */
  async expect(
    service: Pick<TlsService, "name" | "service">,
    report: (name: string, text: string) => void,
  ): Promise<Expectation> {
    const { tls } = service.service;
    if (!tls.enabled) return NOTHING_EXPECTED;
    await refuseUnusable(service.service);
    const warnings = tls.certificatePath === "" ? [] : await this.#own.load(service);
    const wishes = wishesOf([service], this.#dataDirectory);
    if (wishes.length > 0) this.#expected.add(service);
    await this.#changes.run(() => this.#followWishes());
    const certificates = wishes.map((wish) => this.#managed.find(wish)).filter((one) => one !== undefined);
    const release = async () => {
      this.#own.forgetLoaded(service.service);
      if (this.#expected.delete(service)) await this.#changes.run(() => this.#followWishes());
    };
    const wake = () => this.#managed.wake();
    return new Expected({ certificates, warnings, release, wake, report }).begin();
  }

  /** These services are about to be routed: resolves when their certificates are in place, beside those of before. */
  prepare(services: readonly TlsService[], defaultHost: string): Promise<void> {
    return this.#changes.run(async () => {
      const kept = new Set(services.map(({ name }) => name));
      this.#leaving = this.#services;
      // Those that stay are who they are now; of what they were, names alone matter until traffic has moved.
      if (this.#leaving.every(({ name, service }) => kept.has(name) && isIn(service, services))) this.#leaving = [];
      this.#services = services;
      this.#nextDefaultHost = defaultHost;
      // Whoever names no host is shown the last one's for as long as it is routed.
      if (defaultHost !== "") this.#defaultHost = defaultHost;
      await this.#own.follow([...this.#leaving, ...services]);
      await this.#followWishes();
      await this.#publish();
    });
  }

  /** Traffic has followed: what nobody is routed to any more goes. */
  follow(): Promise<void> {
    return this.#changes.run(async () => {
      if (this.#leaving.length === 0) return;
      this.#leaving = [];
      this.#defaultHost = this.#nextDefaultHost;
      await this.#own.follow(this.#services);
      await this.#followWishes();
      await this.#publish();
    });
  }

  list(): CertificateListing {
    return listCertificates(this.#services, {
      managedOf: (host, service) => this.#managed.find(this.#wishFor(host, service)),
      ownOf: (service) => this.#own.of(service.service),
      onDemand: this.#onDemand.certificates(),
      nowMs: this.#clock.now(),
    });
  }

  metrics(): readonly MetricFamily[] {
    return certificateFigures(this.list(), this.#orders);
  }

  /** Gives orders under way up; they are gone on with after the next start. Certificates are served on. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the proxy is shutting down"));
    this.#managed.close();
    this.#own.close();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_GRACE_MS);
    await Promise.race([this.#managed.settled(), late]);
    clearTimeout(timer);
  }

  async #onMissing(name: string): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const owner = ownerOf(name, this.#services);
    if (owner === undefined || !owner.service.tls.enabled) return;
    if (isOnDemand(owner.service.tls)) return this.#onDemand.want(name, owner);
    const certificate =
      this.#managed.find(this.#wishFor(name, owner)) ?? this.#managed.find(this.#wishFor(wildcardOf(name), owner));
    if (certificate === undefined || certificate.isValid) return;
    // One that is due is begun; one that failed lately is left to its time.
    this.#managed.wake();
    if (certificate.isOrdering) await certificate.order();
  }

  async #followWishes(): Promise<void> {
    // What comes later counts more: a deploy says how its names are to be got from now on.
    const wishes = wishesOf([...this.#leaving, ...this.#services, ...this.#expected], this.#dataDirectory);
    const onDemand = this.#onDemand.keep((name) => {
      const owner = ownerOf(name, this.#services);
      return owner !== undefined && isOnDemand(owner.service.tls) ? owner : undefined;
    });
    await this.#managed.follow([...onDemand, ...wishes]);
    await this.#board.usePeers(this.#allPeers());
    this.#managed.wake();
  }

  #publish(): Promise<void> {
    return this.#tables.run(async () => {
      const table = servedTable({
        services: this.#services,
        leaving: this.#leaving,
        defaultHost: this.#defaultHost,
        pairOf: (service, host) => this.#pairOf(service, host),
        onDemand: this.#onDemand.pairs(),
      });
      if (isSameTable(table, this.#table)) return;
      await this.#dataPlane.useCertificates(table);
      this.#table = table;
    });
  }

  #pairOf(service: TlsService, host: string): CertificatePair | null {
    const own = this.#own.of(service.service);
    if (own !== undefined) return own.pair;
    return this.#managed.find(this.#wishFor(host, service))?.pair ?? null;
  }

  #wishFor(name: string, { service }: TlsService): Wish {
    return wishFor(name, service.tls, this.#dataDirectory);
  }

  #allPeers(): readonly string[] {
    const services = [...this.#services, ...this.#expected].map(({ service }) => service);
    const automatic = services.filter(({ tls }) => tls.enabled && tls.certificatePath === "");
    return [...new Set([...this.#peers, ...automatic.flatMap(({ tls }) => tls.peers)])];
  }
}

function isIn(service: TlsService["service"], services: readonly TlsService[]): boolean {
  return services.some((other) => other.service === service);
}
