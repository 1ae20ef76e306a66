/**
 * The truth: every service and what became of the entries that could not be read. A change is made in one place and one
 * order: state file first, then memory, then traffic; it happens as a whole or not at all.
 */
import type { Certificates } from "../certificate/certificates.ts";
import type { DataPlane } from "../data-plane/data-plane.ts";
import { ProxyError } from "../errors.ts";
import type { EventLog } from "../observe/event-log.ts";
import { SerialQueue } from "../state/serial-queue.ts";
import type { SnapshotFile } from "../state/snapshot-file.ts";
import type { QuarantinedEntry } from "../state/snapshot-format.ts";
import { buildTable } from "./build-table.ts";
import { type ServiceRecord, snapshotOf } from "./service-record.ts";
import { TlsSync } from "./tls-sync.ts";

/** What a change may alter. */
export type Draft = { readonly records: Map<string, ServiceRecord>; quarantined: readonly QuarantinedEntry[] };

/** Moments of a change, told to a test's checkpoint. */
export type ControlStep = "healthy" | "probed-again" | "save" | "saved" | "applied" | "draining" | "drained";

export type ServicesParts = {
  readonly dataPlane: DataPlane;
  readonly snapshotFile: SnapshotFile;
  readonly certificates: Certificates;
  readonly log: EventLog;
  readonly checkpoint: (step: ControlStep) => void;
};

export class Services {
  readonly dataPlane: DataPlane;
  readonly certificates: Certificates;
  readonly log: EventLog;
  readonly checkpoint: (step: ControlStep) => void;
  readonly #snapshotFile: SnapshotFile;
  readonly #changes = new SerialQueue();
  readonly #tables = new SerialQueue();
  /** What list tells until the next start: something was wrong with the state. */
  readonly notices: string[] = [];
  #records: ReadonlyMap<string, ServiceRecord> = new Map();
  #quarantined: readonly QuarantinedEntry[] = [];
  #version = 0;
  #tableDue = false;

  constructor(parts: ServicesParts) {
    this.dataPlane = parts.dataPlane;
    this.log = parts.log;
    this.certificates = parts.certificates;
    this.checkpoint = parts.checkpoint;
    this.#snapshotFile = parts.snapshotFile;
  }

  get records(): ReadonlyMap<string, ServiceRecord> {
    return this.#records;
  }

  get quarantined(): readonly QuarantinedEntry[] {
    return this.#quarantined;
  }

  /** @throws ProxyError `service-not-found` */
  find(name: string): ServiceRecord {
    const record = this.#records.get(name);
    if (record === undefined) throw new ProxyError("service-not-found", "service not found");
    return record;
  }

  /**
   * Lets `alter` change a draft, saves it, makes it the truth and has traffic follow. Changes are made one at a time.
   * @param done runs when all that has happened, before the next change looks at anything
   * @throws what `alter` throws, or ProxyError `state-not-saved`; in both cases nothing has changed
   */
  change<T>(alter: (draft: Draft) => T, done: (result: T) => void = () => undefined): Promise<T> {
    return this.#changes.run(async () => {
      const draft: Draft = { records: new Map(this.#records), quarantined: this.#quarantined };
      const result = alter(draft);
      this.checkpoint("save");
      await this.#save(draft.records, draft.quarantined);
      this.checkpoint("saved");
      await this.#makeTrue(draft);
      this.checkpoint("applied");
      done(result);
      return result;
    });
  }

  /** Takes over what was saved before, without saving it again. */
  async adopt(records: readonly ServiceRecord[], quarantined: readonly QuarantinedEntry[]): Promise<void> {
    this.#records = new Map(records.map((record) => [record.name, record]));
    this.#quarantined = quarantined;
    await this.#publish();
  }

  /** Health has changed somewhere: traffic follows. Several changes at once make one table. */
  healthChanged(): void {
    if (this.#tableDue) return;
    this.#tableDue = true;
    this.#tables
      .run(() => {
        this.#tableDue = false;
        return this.#apply();
      })
      .catch((error: unknown) => this.log.error("Unable to apply routing table", { error }));
  }

  /** Resolves when no change is under way any more. */
  settled(): Promise<void> {
    return this.#changes.run(() => this.#tables.run(() => Promise.resolve()));
  }

  async #makeTrue(draft: Draft): Promise<void> {
    const records = this.#records;
    const quarantined = this.#quarantined;
    this.#records = draft.records;
    this.#quarantined = draft.quarantined;
    try {
      await this.#publish();
    } catch (error) {
      // Traffic did not follow, so this is not the truth after all.
      this.log.error("Unable to apply routing table", { error });
      this.#records = records;
      this.#quarantined = quarantined;
      await this.#save(records, quarantined).catch(() => undefined);
      await this.#publish().catch(() => undefined);
      throw new ProxyError("internal", `routing table not applied: ${(error as Error).message}`, { cause: error });
    }
  }

  #save(records: ReadonlyMap<string, ServiceRecord>, quarantined: readonly QuarantinedEntry[]): Promise<void> {
    return this.#snapshotFile.save({ services: [...records.values()].map(snapshotOf), quarantined });
  }

  /** A client that is sent to HTTPS finds its certificate there; one whose service goes, until it has gone. */
  #publish(): Promise<void> {
    return this.#tables.run(async () => {
      const records = [...this.#records.values()];
      await this.certificates.prepare(records, new TlsSync(records).defaultHost);
      await this.#apply();
      await this.certificates.follow();
    });
  }

  #apply(): Promise<void> {
    return this.dataPlane.apply(buildTable({ version: ++this.#version, records: [...this.#records.values()] }));
  }
}
