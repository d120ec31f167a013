/** Header of a request's record: the door that accepted it, where there are several. */
export const doorHeader = 'door';

/** What the keeper of a partition knows of its open predictions. */
export interface PartitionBacklog {
  readonly logId: string;
  readonly epoch: number;
  readonly partition: number;
  /** The first offset that is not counted. */
  readonly next: number;
  readonly open: number;
  /** The doors that accepted them. */
  readonly doors: readonly DoorBacklog[];
  /** By door and model, the largest. */
  readonly models: readonly ModelBacklog[];
  /** No door has more open ones of a model that `models` leaves out. */
  readonly unlistedMax: number;
}

export interface DoorBacklog {
  readonly door: string;
  readonly open: number;
}

export interface ModelBacklog extends DoorBacklog {
  readonly tenant: string;
  readonly model: string;
}

/** `beat` changes with every report: who no longer changes it does not live, and no clocks are compared. */
export interface DoorReport {
  readonly door: string;
  readonly beat: number;
  /** It claims keys where the other doors cannot see it. */
  readonly claimsAlone?: boolean;
}

export interface WorkerReport {
  readonly worker: string;
  readonly beat: number;
  /** Expected ms until what waits here of a version has ended, the longest. Versions of which nothing waits are left out. */
  readonly waits: readonly {
    readonly tenant: string;
    readonly model: string;
    readonly version: number;
    readonly ms: number;
  }[];
  /** Digests of the versions whose cost this worker has learned. */
  readonly knows: readonly string[];
}

export interface BoardReading {
  readonly partitions: readonly PartitionBacklog[];
  readonly doors: readonly DoorReport[];
  readonly workers: readonly WorkerReport[];
}

/**
 * Where keepers and workers tell the doors how much work waits. Loseable: everybody says again what is true within
 * seconds, and whoever reads keeps what was last known.
 */
export interface BacklogBoard {
  /** Passed over where the board knows more of the partition, of the same log: a keeper that lost it may not know so yet. */
  reportPartitions(reports: readonly PartitionBacklog[]): Promise<void>;
  reportWorker(report: WorkerReport): Promise<void>;
  reportDoor(report: DoorReport): Promise<void>;
  removeWorker(worker: string): Promise<void>;
  removeDoor(door: string): Promise<void>;
  /** The last report of everybody. Who died may be in it for some time. */
  read(): Promise<BoardReading>;
}

/** Whether a report of a partition takes the place of another. */
export const isLaterReport = ({ logId, epoch, next }: PartitionBacklog, known: PartitionBacklog | undefined): boolean =>
  !known || logId !== known.logId || epoch !== known.epoch || next >= known.next;
