import type { Logger } from 'pino';
import type { LoginCredentials } from '../../../accounts/login-name.js';
import { readAccountCredentials } from './credential-headers.js';
import type { Accounts } from '../../../accounts/accounts.js';
import { changePassword } from '../../../accounts/change-password.js';
import { deleteAccount } from '../../../removal/delete-account.js';
import { parseClaimList } from '../../../sync/claims.js';
import { getProgress } from '../../../sync/get-progress.js';
import { putProgress, type UnknownDocuments } from '../../../sync/put-progress.js';
import type { ProgressRecord } from '../../../sync/progress.js';
import { registerAccount } from '../../../accounts/register-account.js';
import { withinRequestDeadline } from '../../../batching/request-deadline.js';
import type { SyncStore } from '../../../sync/sync-store.js';
import { type Document, documentMistake, parseDocument } from '../../../domain/document.js';
import type { Principal } from '../../../domain/principal.js';
import { SyncError } from '../../../domain/sync-error.js';
import { type Answer, jsonAnswer } from '../../answer.js';
import { BodyError, parseJsonObject, parseProgress } from './kosync-body.js';
import { kosyncFailure, type KosyncFamily } from './kosync-failure.js';
import { loggedError } from '../../logged-error.js';
import type { HttpRequest } from '../../request.js';
import type { Failure, Route, RouteGroup } from '../../route.js';

export interface KosyncOptions {
  readonly accounts: Accounts;
  readonly sync: SyncStore;
  readonly takesRegistrations: boolean;
  readonly unknownDocuments: Readonly<Record<KosyncFamily, UnknownDocuments>>;
  /** Whether an error means that the database is away or busy, so that the same request may succeed later. */
  readonly isDatabaseAway: (error: unknown) => boolean;
  readonly log: Pick<Logger, 'error'>;
}

/** The sync routes of KOReader: one group for accounts, one for API keys in the path. */
export function kosyncGroups(options: KosyncOptions): readonly RouteGroup[] {
  return [
    {
      prefix: '',
      routes: accountRoutes(options).map((route) => ({ ...route, headers: LOGIN_HEADERS })),
      fail: failWith('account', options),
    },
    {
      prefix: '/koreader',
      routes: keyInPathRoutes(options).map((route) => ({ ...route, headers: [] })),
      fail: failWith('api-key', options),
    },
  ];
}

/** Instead of them while syncing is off: answers every path with 404. */
export function noKosyncGroup(options: FailureOptions): RouteGroup {
  return { prefix: '', routes: [], fail: failWith('account', options) };
}

/** No others are copied for a push, and a cookie is nothing to readers. */
const LOGIN_HEADERS = ['x-auth-user', 'x-auth-key', 'authorization'] as const;

type FailureOptions = Pick<KosyncOptions, 'isDatabaseAway' | 'log'>;

const AUTHORIZED = jsonAnswer(200, { authorized: 'OK' });
const HEALTHY = jsonAnswer(200, { state: 'OK' });

function keyInPathRoutes({ accounts, sync, unknownDocuments }: KosyncOptions): readonly Route[] {
  const principalOf = (request: HttpRequest): Principal | Promise<Principal> =>
    accounts.authenticator.byApiKey(request.params[0] ?? '', request, request.receivedMs);
  return [
    {
      method: 'POST',
      pattern: '/:api_key/users/create',
      handle: () =>
        kosyncFailure(
          'api-key',
          'registration-off',
          'This address belongs to an API key: choose Login instead of Register. Name and password may be anything.',
        ),
    },
    {
      method: 'GET',
      pattern: '/:api_key/users/auth',
      handle: async (request) => {
        permitted(await principalOf(request));
        return AUTHORIZED;
      },
    },
    {
      method: 'PUT',
      pattern: '/:api_key/syncs/progress',
      readsBody: true,
      handle: (request) => put(sync, principalOf(request), request, unknownDocuments['api-key']),
    },
    {
      method: 'GET',
      pattern: '/:api_key/syncs/progress/*document',
      handle: (request) => get(sync, principalOf(request), request, request.params[1], 'api-key'),
    },
    { method: 'GET', pattern: '/:api_key/healthcheck', handle: () => HEALTHY },
  ];
}

function accountRoutes(options: KosyncOptions): readonly Route[] {
  const { accounts, sync, unknownDocuments } = options;
  const principalOf = (request: HttpRequest): Principal | Promise<Principal> =>
    accounts.authenticator.byAccount(credentialsOf(request), request);
  return [
    {
      method: 'POST',
      pattern: '/users/create',
      readsBody: true,
      handle: async (request) => {
        if (!options.takesRegistrations) return kosyncFailure('account', 'registration-off');
        const { username, password } = parseJsonObject(request.body);
        const user = await registerAccount(accounts, request.clientAddress, username, password);
        return jsonAnswer(201, { username: user.name });
      },
    },
    {
      method: 'GET',
      pattern: '/users/auth',
      handle: async (request) => {
        permitted(await principalOf(request));
        return AUTHORIZED;
      },
    },
    {
      method: 'PUT',
      pattern: '/users/password',
      readsBody: true,
      handle: async (request) => {
        const credentials = credentialsOf(request);
        const principal = permitted(await principalOf(request));
        const { password } = parseJsonObject(request.body);
        if (credentials !== undefined) await changePassword(accounts, principal, credentials.key, password);
        return jsonAnswer(200, { updated: true });
      },
    },
    {
      method: 'DELETE',
      pattern: '/users/me',
      handle: async (request) => {
        await deleteAccount(accounts, permitted(await principalOf(request)));
        return jsonAnswer(200, { deleted: true });
      },
    },
    {
      method: 'PUT',
      pattern: '/syncs/progress',
      readsBody: true,
      handle: (request) =>
        put(sync, inTime(principalOf(request), request), request, unknownDocuments.account),
    },
    {
      method: 'GET',
      pattern: '/syncs/progress/*document',
      handle: (request) =>
        get(sync, inTime(principalOf(request), request), request, request.params[0], 'account'),
    },
    { method: 'GET', pattern: '/healthcheck', handle: () => HEALTHY },
  ];
}

function credentialsOf(request: HttpRequest): LoginCredentials | undefined {
  return readAccountCredentials({
    user: request.header('x-auth-user'),
    isUserLost: request.isUserNameLost,
    key: request.header('x-auth-key'),
    authorization: request.header('authorization'),
  });
}

/**
 * For pushes and pulls: a password that is not cached is checked in a queue of its own, which knows no deadline. Look-ups of
 * API keys know it. A login may take longer.
 */
function inTime(
  authentication: Principal | Promise<Principal>,
  { receivedMs }: HttpRequest,
): Principal | Promise<Principal> {
  return authentication instanceof Promise
    ? withinRequestDeadline(authentication, receivedMs)
    : authentication;
}

function permitted(principal: Principal): Principal {
  if (principal.permissions.has('feature:koreader_sync')) return principal;
  throw new SyncError('forbidden', 'The permission feature:koreader_sync is missing.');
}

/** Not an async function: where the credentials are remembered, that saves a promise for each push. */
function put(
  sync: SyncStore,
  authentication: Principal | Promise<Principal>,
  request: HttpRequest,
  unknownDocuments: UnknownDocuments,
): Promise<Answer> {
  const { body, receivedMs: sinceMs } = request;
  const push = (principal: Principal): Promise<Answer> => {
    permitted(principal);
    const progress = parseProgress(body);
    const pushedMs = Date.now();
    return putProgress(sync, principal, progress, {
      unknownDocuments,
      sinceMs,
      pushedMs,
      client: request,
    }).then(() => jsonAnswer(200, { document: progress.document, timestamp: Math.floor(pushedMs / 1000) }));
  };
  return authentication instanceof Promise ? authentication.then(push) : push(authentication);
}

/** Not an async function either. */
function get(
  sync: SyncStore,
  authentication: Principal | Promise<Principal>,
  request: HttpRequest,
  text: string | undefined,
  family: KosyncFamily,
): Answer | Promise<Answer> {
  const { receivedMs: sinceMs, query } = request;
  const document = parseDocument(text);
  const pull = (principal: Principal): Answer | Promise<Answer> => {
    permitted(principal);
    if (document === undefined)
      return kosyncFailure(family, `document-${documentMistake(text) ?? 'missing'}`);
    const claims = query === '' ? undefined : parseClaimList(query);
    return getProgress(sync, principal, document, sinceMs, claims).then((record) =>
      progressAnswer(family, document, record),
    );
  };
  return authentication instanceof Promise ? authentication.then(pull) : pull(authentication);
}

function progressAnswer(
  family: KosyncFamily,
  document: Document,
  record: ProgressRecord | undefined,
): Answer {
  // The reference server of each family answers 200 here, and KOReader treats any other status as a broken connection.
  if (record === undefined) return jsonAnswer(200, family === 'account' ? {} : { document });
  const { position, percentage, device, pushedMs } = record;
  return jsonAnswer(200, {
    document,
    progress: position,
    percentage,
    device: device.name,
    device_id: device.id,
    // Whole seconds, because KOReader compares them with its own clock.
    timestamp: Math.floor(pushedMs / 1000),
  });
}

/** Limits the log: a database that refuses every push would fill the disk with the same line. */
const REFUSAL_LOGGED_EVERY_MS = 1000;

function failWith(family: KosyncFamily, options: FailureOptions): RouteGroup['fail'] {
  const { log } = options;
  let refusals = 0;
  let loggedMs = -Infinity;
  const refused = (error: SyncError): void => {
    refusals++;
    if (performance.now() - loggedMs < REFUSAL_LOGGED_EVERY_MS) return;
    log.error({ error: loggedError(error), refusals }, 'pushes were refused by the database');
    refusals = 0;
    loggedMs = performance.now();
  };
  return (failure: Failure) => {
    switch (failure.kind) {
      case 'not-found':
        return kosyncFailure(family, 'not-found');
      case 'method-not-allowed': {
        const answer = kosyncFailure(family, 'method-not-allowed');
        return { ...answer, headers: [['Allow', failure.allowed.join(', ')]] };
      }
      case 'bad-path':
        return kosyncFailure(family, 'path-invalid');
      case 'body-too-large':
        return kosyncFailure(
          family,
          'body-too-large',
          `The request body is longer than ${String(failure.limitBytes)} bytes.`,
        );
      case 'framing-doubtful':
        return kosyncFailure(family, 'framing-doubtful');
      case 'thrown':
        if (failure.error instanceof SyncError && failure.error.code === 'refused') refused(failure.error);
        return thrownAnswer(family, failure.error, options);
      default:
        return failure satisfies never;
    }
  };
}

function thrownAnswer(family: KosyncFamily, error: unknown, { isDatabaseAway, log }: FailureOptions): Answer {
  if (error instanceof BodyError) return kosyncFailure(family, error.code, error.message);
  if (error instanceof SyncError) return kosyncFailure(family, error.code);
  // Why is in the log already, once for many requests.
  if (isDatabaseAway(error)) return kosyncFailure(family, 'unavailable');
  log.error({ error: loggedError(error) }, 'a sync request failed');
  return kosyncFailure(family, 'internal');
}
