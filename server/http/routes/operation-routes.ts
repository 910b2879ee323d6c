import type { Logger } from 'pino';
import type { Accounts } from '../../accounts/accounts.js';
import { withDeadline } from '../../domain/deadline.js';
import type { ScanGauge } from '../../scan/scan-gauges.js';
import { SyncError, type SyncErrorCode } from '../../domain/sync-error.js';
import { type Answer, jsonAnswer } from '../answer.js';
import { apiPrincipal } from '../api-principal.js';
import { loggedError } from '../logged-error.js';
import type { HttpRequest } from '../request.js';
import type { Failure, RouteGroup } from '../route.js';

/**
 * Who may read the metrics: programs on this machine (`loopback`), holders of an API key that permits `library:manage`
 * (`permission`, allowed in any case), or everybody (`open`).
 */
export type MetricsAccess = 'loopback' | 'permission' | 'open';

/** Whether requests can be answered at the moment; `reason` and `detail` go into the answer. */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'not-ready'; readonly reason: string; readonly detail: string };

export interface OperationOptions {
  readonly readiness: () => Promise<Readiness>;
  readonly accounts: Pick<Accounts, 'authenticator'>;
  /** The metrics of all threads, as Prometheus reads them. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly scans: () => Promise<readonly ScanGauge[]>;
  readonly metricsAccess: MetricsAccess;
  /** Whether an error means that the database is away or busy, so that the same request may succeed later. */
  readonly isDatabaseAway: (error: unknown) => boolean;
  readonly log: Pick<Logger, 'error'>;
}

/** Routes for orchestrators and monitoring: liveness, readiness, metrics. */
export function operationGroups(options: OperationOptions): readonly RouteGroup[] {
  const group = (prefix: string, handle: (request: HttpRequest) => Answer | Promise<Answer>): RouteGroup => ({
    prefix,
    routes: [{ method: 'GET', pattern: '', handle }],
    fail: (failure) => failed(failure, options),
  });
  return [
    group('/livez', () => jsonAnswer(200, { status: 'alive' })),
    group('/readyz', async () => {
      const readiness = await options.readiness();
      return readiness.state === 'ready'
        ? jsonAnswer(200, { status: 'ready' })
        : jsonAnswer(503, { status: 'not ready', reason: readiness.reason, detail: readiness.detail }, [
            ['Retry-After', '1'],
          ]);
    }),
    group('/metrics', async (request) => {
      if (!(await mayReadMetrics(options, request))) return FORBIDDEN;
      const [{ contentType, text }, scans] = await Promise.all([options.metrics(), scansInTime(options)]);
      return { status: 200, contentType, body: `${text}${scanText(scans)}` };
    }),
  ];
}

/** Far less than the 10 s that Prometheus waits by default, so that a person does not wait for a dead database either. */
const SCANS_TIMEOUT_MS = 500;

const FORBIDDEN = jsonAnswer(403, {
  message:
    'Metrics are for programs on this machine, or for an API key with the permission library:manage ' +
    '(Authorization: Bearer KEY); the setting metrics.access opens them.',
});

async function mayReadMetrics(options: OperationOptions, request: HttpRequest): Promise<boolean> {
  switch (options.metricsAccess) {
    case 'open':
      return true;
    case 'loopback':
      // A proxy on this machine passes on requests from elsewhere, with X-Forwarded-For. If the proxy is trusted,
      // clientAddress is the one that the proxy names; if it is not, the header gives the request away.
      if (isLoopback(request.clientAddress) && request.header('x-forwarded-for') === undefined) return true;
      return mayManage(options, request);
    case 'permission':
      return mayManage(options, request);
    default:
      return options.metricsAccess satisfies never;
  }
}

const NO_VALID_KEY: ReadonlySet<SyncErrorCode> = new Set(['unauthorized', 'throttled']);

/** Whether the request carries an API key that permits `library:manage`. */
async function mayManage(options: OperationOptions, request: HttpRequest): Promise<boolean> {
  try {
    const principal = await apiPrincipal(options, request.header('authorization'), request);
    return principal.permissions.has('library:manage');
  } catch (error) {
    if (error instanceof SyncError && NO_VALID_KEY.has(error.code)) return false;
    throw error; // The key could not be checked, which is no answer to whether it permits this.
  }
}

/** None while the database is away: the metrics of this process matter most then, so they are sent without. */
async function scansInTime({ scans }: OperationOptions): Promise<readonly ScanGauge[]> {
  try {
    return await withDeadline(scans(), SCANS_TIMEOUT_MS, () => []);
  } catch {
    return [];
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '0:0:0:0:0:0:0:1';
}

/** Any process may run a scan, so the counts come from the database and not from this process. */
function scanText(scans: readonly ScanGauge[]): string {
  const lines = [
    '# HELP dogear_scan_files Files of the scans that are running, by what became of them.',
    '# TYPE dogear_scan_files gauge',
  ];
  for (const { library, shard, files } of scans) {
    for (const [outcome, count] of Object.entries(files)) {
      const labels = `library="${escaped(library)}",shard="${shard}",outcome="${outcome}"`;
      lines.push(`dogear_scan_files{${labels}} ${String(count)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function failed(failure: Failure, options: OperationOptions): Answer {
  switch (failure.kind) {
    case 'not-found':
    case 'bad-path':
      return jsonAnswer(404, { message: 'Nothing is at this address.' });
    case 'method-not-allowed':
      return jsonAnswer(405, { message: 'This address answers GET.' }, [
        ['Allow', failure.allowed.join(', ')],
      ]);
    case 'body-too-large':
      return jsonAnswer(413, { message: 'The request body is too large.' });
    case 'framing-doubtful':
      return jsonAnswer(400, { message: 'The headers contradict each other about where the body ends.' });
    case 'thrown':
      return monitoringFailure(failure.error, options);
    default:
      return failure satisfies never;
  }
}

function monitoringFailure(error: unknown, { isDatabaseAway, log }: OperationOptions): Answer {
  if (error instanceof SyncError) return unavailable(error.message);
  // Why is in the log already, once for many requests.
  if (isDatabaseAway(error)) return unavailable('The database is not available.');
  log.error({ error: loggedError(error) }, 'a request for monitoring failed');
  return jsonAnswer(500, { message: 'The log of the server says more.' });
}

function unavailable(message: string): Answer {
  return jsonAnswer(503, { message }, [['Retry-After', '5']]);
}
