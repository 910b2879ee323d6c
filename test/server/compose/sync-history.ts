/**
 * The requests and answers of a fleet of devices, and whether a correct server can have given these answers. Times are
 * milliseconds of the machine's monotonic clock (`process.hrtime`), which all processes share.
 */
export interface PushEvent {
  readonly kind: 'push';
  /** User and book: one register, whichever digest of the book a device sends. */
  readonly register: string;
  /** User, document and device: the row that the push writes. */
  readonly row: string;
  /** The position, which is unique to a push. */
  readonly value: string;
  readonly sentMs: number;
  readonly answeredMs: number;
  /** Of the server that answered, for figures. */
  readonly port?: number;
  /** Answered 200. A push without an answer may have been written or not. */
  readonly isAcknowledged: boolean;
}

/** A pull that was answered 200. */
export interface PullEvent {
  readonly kind: 'pull';
  readonly register: string;
  /** `undefined`: no progress. */
  readonly value: string | undefined;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly port?: number;
}

export type SyncEvent = PushEvent | PullEvent;

/**
 * Every pull has to return the newest push. Of two pushes that are sent at the same time, either may be the newer one.
 * Precisely: for each register there has to be an order of its pushes and pulls in which each takes effect at one moment
 * between its request and its answer, and each pull returns the push before it (linearizability). A push that was not
 * acknowledged may take effect at any moment after it was sent, or never. One more rule: a pull that begins after a push
 * was acknowledged must not return an older push of the same device, even one that failed: the acknowledged push would
 * be lost.
 *
 * Because every push has a value of its own, sorting is enough and no search is needed (Gibbons and Korach, Testing
 * Shared Memories, 1997). A push and the pulls that returned it form a cluster. From the first end to the last begin of
 * its operations, the register must have held the value of the cluster. Where this interval is not empty, it may not
 * overlap the interval of another cluster, and no cluster may lie wholly within the interval of another one.
 *
 * @returns a sentence for each contradiction
 */
export function contradictions(events: readonly SyncEvent[]): readonly string[] {
  const problems: string[] = [];
  for (const [register, own] of groupBy(events, (event) => event.register)) {
    for (const problem of registerProblems(own)) problems.push(`${register}: ${problem}`);
  }
  return problems;
}

interface Cluster {
  readonly value: string;
  firstEndMs: number;
  lastBeginMs: number;
}

function registerProblems(events: readonly SyncEvent[]): readonly string[] {
  const problems: string[] = [];
  const clusters = new Map<string, Cluster>();
  const pushes = new Map<string, PushEvent>();
  for (const event of events) {
    if (event.kind !== 'push') continue;
    if (pushes.has(event.value)) throw new Error(`two pushes have the value ${event.value}`);
    pushes.set(event.value, event);
    const firstEndMs = event.isAcknowledged ? event.answeredMs : Infinity;
    clusters.set(event.value, { value: event.value, firstEndMs, lastBeginMs: event.sentMs });
  }
  clusters.set(NOTHING, { value: NOTHING, firstEndMs: -Infinity, lastBeginMs: -Infinity });
  const pulled = new Set<string>();
  for (const event of events) {
    if (event.kind !== 'pull') continue;
    const value = event.value ?? NOTHING;
    const cluster = clusters.get(value);
    const push = pushes.get(value);
    if (cluster === undefined) problems.push(`a pull returned ${value}, which nobody pushed`);
    else if (push !== undefined && event.answeredMs < push.sentMs) {
      problems.push(`a pull returned ${value} before it was pushed`);
    } else {
      cluster.firstEndMs = Math.min(cluster.firstEndMs, event.answeredMs);
      cluster.lastBeginMs = Math.max(cluster.lastBeginMs, event.sentMs);
      pulled.add(value);
    }
  }
  const seen = [...clusters.values()].filter(
    ({ value }) => value === NOTHING || pulled.has(value) || pushes.get(value)?.isAcknowledged === true,
  );
  return [...problems, ...clusterProblems(seen), ...ownOrderProblems(events, pushes)];
}

/** Stands for the register before its first push. */
const NOTHING = 'nothing';

function clusterProblems(clusters: readonly Cluster[]): readonly string[] {
  const problems: string[] = [];
  const held = clusters
    .filter((cluster) => cluster.firstEndMs < cluster.lastBeginMs)
    .toSorted((left, right) => left.firstEndMs - right.firstEndMs);
  for (const [i, cluster] of held.entries()) {
    const before = held[i - 1];
    if (before !== undefined && cluster.firstEndMs < before.lastBeginMs) {
      problems.push(
        `${before.value} was still the newest after ${cluster.value} was, and the other way round`,
      );
    }
  }
  for (const cluster of clusters) {
    if (cluster.firstEndMs < cluster.lastBeginMs) continue;
    const around = held.findLast((other) => other.firstEndMs < cluster.lastBeginMs);
    if (around !== undefined && cluster.firstEndMs < around.lastBeginMs) {
      problems.push(`${around.value} was still the newest after the later ${cluster.value} was acknowledged`);
    }
  }
  return problems;
}

/** A device sends one push after the other, so the order of its own pushes is certain. */
function ownOrderProblems(
  events: readonly SyncEvent[],
  pushes: ReadonlyMap<string, PushEvent>,
): readonly string[] {
  const acknowledged = groupBy(
    [...pushes.values()].filter((push) => push.isAcknowledged),
    (push) => push.row,
  );
  for (const own of acknowledged.values()) own.sort((left, right) => left.sentMs - right.sentMs);
  return events.flatMap((event) => {
    if (event.kind !== 'pull' || event.value === undefined) return [];
    const push = pushes.get(event.value);
    if (push === undefined) return [];
    const newer = acknowledged.get(push.row)?.findLast((own) => own.answeredMs < event.sentMs);
    if (newer === undefined || newer.sentMs <= push.sentMs) return [];
    return [`a pull returned ${push.value} after ${newer.value} of the same device was acknowledged`];
  });
}

/**
 * Checks the database after the load: each row has to hold the last acknowledged push of the device, or a later push
 * that was not acknowledged but may have been written.
 *
 * @param stored positions by row
 */
export function missingPushes(
  events: readonly SyncEvent[],
  stored: ReadonlyMap<string, string>,
): readonly string[] {
  const problems: string[] = [];
  const pushes = events.filter((event) => event.kind === 'push');
  for (const [row, own] of groupBy(pushes, (push) => push.row)) {
    const inOrder = own.toSorted((left, right) => left.sentMs - right.sentMs);
    const last = inOrder.findLastIndex((push) => push.isAcknowledged);
    const value = stored.get(row);
    const isRight =
      value === undefined
        ? last === -1
        : inOrder.slice(Math.max(last, 0)).some((push) => push.value === value);
    if (!isRight) {
      const expected = inOrder[last]?.value ?? 'one of its pushes or nothing';
      problems.push(`${row}: ${expected} was acknowledged last, and stored is ${value ?? 'nothing'}`);
    }
  }
  return problems;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
