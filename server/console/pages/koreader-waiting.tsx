import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, type Reply } from '../api.js';
import { percent } from '../parts/format.js';
import { lastMadeKey } from '../parts/key-choice.js';
import { Problem } from '../parts/problem.jsx';
import { deviceTitle, documentTitle } from '../parts/reader-names.js';
import { useResource } from '../parts/resource.js';
import { documentHref, hrefOf } from '../router.js';
import { may, useMe } from '../session.js';

type Push = Reply<'/progress', 'get'>['items'][number];

/** A use of a key is noted up to two seconds after it. A push of another reader that is as near counts as this one's. */
const NOTED_AFTER_MS = 2000;

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
  const firstUse = useSignal<string | undefined>(undefined);
  const connected = useSignal<Push | undefined>(undefined);
  const usedAt = key.value?.last_used_at ?? undefined;
  useEffect(() => {
    firstUse.value ??= usedAt;
    const push = newest.value;
    if (push === undefined) return;
    if (before.value === undefined) before.value = push?.pushed_at ?? null;
    if (push === null || push.pushed_at === before.value) return;
    const isOfKey =
      id === undefined ||
      (firstUse.value !== undefined &&
        Date.parse(push.pushed_at) >= Date.parse(firstUse.value) - NOTED_AFTER_MS);
    if (isOfKey) connected.value ??= push;
  }, [newest.value, usedAt]);
  const push = connected.value;
  const error = newest.error ?? key.error;
  return (
    <section class="sheet waiting" aria-live="polite" aria-labelledby="waiting">
      {push !== undefined ? (
        <>
          <h2 id="waiting" class="good">
            Connected: {deviceTitle(push.device)}
          </h2>
          <p>
            It is at {percent(push.percentage)} of{' '}
            <a href={documentHref(push.document)}>{documentTitle(push)}</a>. Tick{' '}
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
      <Problem error={error} />
    </section>
  );
}
