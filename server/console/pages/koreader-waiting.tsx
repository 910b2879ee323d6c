import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../api.js';
import { percent } from '../parts/format.js';
import { lastMadeKey } from '../parts/key-choice.js';
import { Problem } from '../parts/problem.jsx';
import { deviceTitle, documentTitle } from '../parts/reader-names.js';
import { useResource } from '../parts/resource.js';
import { hrefOf } from '../router.js';
import { may, useMe } from '../session.js';

/** The time of last use is written in whole seconds, and up to two seconds before or after the push is committed. */
const TOLERANCE_MS = 5000;

/**
 * Follows the key until a reader has pushed with it. A login uses the key without telling a device, so there are three
 * states.
 */
export function Waiting({ keyId }: { readonly keyId: number | undefined }) {
  const me = useMe();
  // A key that somebody typed has no id here, and not everybody may ask about keys.
  const id = may(me, 'feature:api_keys') ? keyId : undefined;
  const key = useResource(
    `key ${String(id)}`,
    (signal) =>
      id === undefined ? Promise.resolve(null) : get('/api-keys/{id}', { params: { id }, signal }),
    ['api_keys', 'devices'],
  );
  const newest = useResource(
    'newest push',
    async (signal) => (await get('/progress', { query: { limit: 1 }, signal })).items[0] ?? null,
    ['progress', 'devices'],
  );
  /** The newest push when the page began to wait: `null` is none. */
  const before = useSignal<string | null | undefined>(undefined);
  const push = newest.value;
  useEffect(() => {
    if (before.value === undefined && push !== undefined) before.value = push?.pushed_at ?? null;
  }, [push]);

  const usedAt = key.value?.last_used_at ?? undefined;
  const isNew =
    push !== undefined && push !== null && before.value !== undefined && push.pushed_at !== before.value;
  const isOfKey =
    id === undefined ||
    (usedAt !== undefined &&
      push !== undefined &&
      push !== null &&
      Date.parse(push.pushed_at) >= Date.parse(usedAt) - TOLERANCE_MS);
  const error = newest.error ?? key.error;
  return (
    <section class="sheet waiting" aria-live="polite" aria-labelledby="waiting">
      {isNew && isOfKey ? (
        <>
          <h2 id="waiting" class="good">
            Connected: {deviceTitle(push.device)}
          </h2>
          <p>
            It is at {percent(push.percentage)} of{' '}
            <a href={hrefOf(`reading/${encodeURIComponent(push.document)}`)}>{documentTitle(push)}</a>. Tick{' '}
            <b>Automatically keep documents in sync</b> in the menu of step 1, and it keeps up by itself.
          </p>
          <div class="buttons">
            <a class="button" href={hrefOf('devices')}>
              Give it a name
            </a>
            <button type="button" onClick={() => (lastMadeKey.value = undefined)}>
              Set up another reader
            </button>
          </div>
        </>
      ) : usedAt === undefined ? (
        <>
          <h2 id="waiting">Waiting for your reader…</h2>
          <p class="faint">This changes by itself once the reader logs in. You can leave the page open.</p>
        </>
      ) : (
        <>
          <h2 id="waiting">Your reader has logged in.</h2>
          <p>
            Now tap <b>Push progress from this device now</b> in the menu of step 1, and see it arrive here.
          </p>
        </>
      )}
      {error === undefined ? null : <Problem error={error} />}
    </section>
  );
}
