import './api-keys.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { get, remove, type Reply } from '../api.js';
import { allPages, PAGE_ITEMS } from '../parts/all-pages.js';
import { CopyField } from '../parts/copy-field.jsx';
import { ConfirmDialog, Dialog } from '../parts/dialog.jsx';
import { day } from '../parts/format.js';
import { lastMadeKey } from '../parts/key-choice.js';
import { type MadeKey, NewKey } from '../parts/new-key.jsx';
import { shownText } from '../parts/path.js';
import { permissionWords } from '../parts/permission-words.js';
import { Empty, Loading, Problem } from '../parts/problem.jsx';
import { QrCode } from '../parts/qr-code.jsx';
import { useResource } from '../parts/resource.js';
import { syncAddress } from '../parts/sync-address.js';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { useChosenUser, UserChoice } from '../parts/user-choice.jsx';
import { closeDialog, hrefOf, openDialog, query } from '../router.js';
import { may, useMe } from '../session.js';

type Key = Reply<'/api-keys', 'get'>['items'][number];

/** The keys of a user; `?new=1` opens the form for a new one. */
export function ApiKeys() {
  const me = useMe();
  const user = useChosenUser();
  const made = useSignal<MadeKey | undefined>(undefined);
  const keys = useResource(
    `keys ${String(user.id)}`,
    (signal) =>
      allPages((cursor) =>
        get('/api-keys', { query: { user_id: user.id, cursor, limit: PAGE_ITEMS }, signal }),
      ),
    ['api_keys'],
  );
  const newestFirst = keys.value?.toReversed();
  const inUse = newestFirst?.filter((key) => key.revoked_at === null);
  const revoked = newestFirst?.filter((key) => key.revoked_at !== null) ?? [];
  const mayMake = may(me, user.id === undefined ? 'feature:api_keys' : 'user:manage');
  return (
    <>
      <header class="page-head">
        <div>
          <h1>API keys</h1>
          <p>One for each reader and each script, so that one can be revoked alone.</p>
        </div>
        <div class="buttons">
          <UserChoice chosen={user} label="Keys of" />
          {mayMake ? (
            <button type="button" class="main" onClick={() => openDialog('new', '1')}>
              Make a key
            </button>
          ) : null}
        </div>
      </header>
      <div class="stack">
        {/* Not among the keys of another user. */}
        {made.value?.user_id !== (user.id ?? me.user_id) ? null : (
          <ShownOnce key={made.value.id} made={made.value} onDone={() => (made.value = undefined)} />
        )}
        <Problem error={keys.error ?? user.error} />
        {inUse === undefined ? (
          <Loading unless={keys.error} />
        ) : inUse.length === 0 ? (
          <Empty says="No key yet. A reader needs one to sync." />
        ) : (
          <ul class="grid" aria-label="Keys">
            {inUse.map((key) => (
              <li key={key.id}>
                <KeyCard apiKey={key} onChange={keys.reload} />
              </li>
            ))}
          </ul>
        )}
        {revoked.length === 0 ? null : <Revoked keys={revoked} />}
      </div>
      {mayMake && query.value.get('new') === '1' ? (
        <Dialog title="A new key" onClose={() => closeDialog('new')}>
          <NewKey
            userId={user.id}
            onCancel={() => closeDialog('new')}
            onMade={(key) => {
              closeDialog('new');
              made.value = key;
              lastMadeKey.value = user.id === undefined ? { id: key.id, text: key.key } : undefined;
              keys.reload();
            }}
          />
        </Dialog>
      ) : null}
    </>
  );
}

/** The whole key, which the server does not know any more. */
function ShownOnce({ made, onDone }: { readonly made: MadeKey; readonly onDone: () => void }) {
  const server = useResource('server', (signal) => get('/server', { signal }));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const syncs = made.permissions.includes('feature:koreader_sync') && server.value?.koreader_sync !== false;
  const address = server.value === undefined ? undefined : syncAddress(server.value.public_url, made.key);
  return (
    <section class="sheet new-key" aria-labelledby="made">
      <h2 id="made" tabIndex={-1} ref={heading}>
        The key “{shownText(made.name)}” is made
      </h2>
      <p>
        <strong>It is shown this once.</strong> Dogear keeps no copy that it could show again.
      </p>
      <CopyField label="Key" value={made.key} />
      <Problem error={server.error} />
      {syncs && address !== undefined ? (
        <>
          <CopyField label="Address for KOReader's Custom sync server" value={address} />
          <QrCode text={address} label="The address as a QR code" />
          {lastMadeKey.value === undefined ? null : (
            <p>
              <a href={hrefOf('koreader')}>Set up KOReader with this key</a>
            </p>
          )}
        </>
      ) : null}
      <div class="buttons">
        <button type="button" onClick={onDone}>
          I have it
        </button>
      </div>
    </section>
  );
}

function KeyCard({ apiKey, onChange }: { readonly apiKey: Key; readonly onChange: () => void }) {
  const isRevoking = useSignal(false);
  const { prefix, expires_at: expires } = apiKey;
  const name = shownText(apiKey.name);
  const isExpired = expires !== null && Date.parse(expires) <= Date.now();
  return (
    <article class="sheet api-key">
      <div class="line">
        <h2>{name}</h2>
        {isExpired ? <span class="tag bad">expired</span> : null}
      </div>
      <dl class="facts">
        <dt>Begins with</dt>
        <dd>
          <code>{prefix}…</code>
        </dd>
        <dt>May</dt>
        <dd>{permissionWords(apiKey.permissions)}</dd>
        <dt>Last used</dt>
        <dd>
          {apiKey.last_used_at === null ? (
            <span class="faint">never</span>
          ) : (
            <Ago time={apiKey.last_used_at} />
          )}
        </dd>
        <dt>Made</dt>
        <dd>
          <Ago time={apiKey.created_at} />
        </dd>
        <dt>Expires</dt>
        <dd>{expires === null ? 'never' : day(expires)}</dd>
      </dl>
      <div class="buttons">
        <button type="button" aria-label={`Revoke ${name}`} onClick={() => (isRevoking.value = true)}>
          Revoke
        </button>
      </div>
      {isRevoking.value ? (
        <ConfirmDialog
          title={`Revoke ${name}?`}
          confirm="Revoke the key"
          onClose={() => (isRevoking.value = false)}
          onConfirm={async () => {
            await remove('/api-keys/{id}', { params: { id: apiKey.id } });
            say(`${name} is revoked.`);
            onChange();
          }}
        >
          <p>
            Readers and scripts that use it stop within five seconds, for good. Places in books stay. Whoever
            signed in with it has to sign in again.
          </p>
        </ConfirmDialog>
      ) : null}
    </article>
  );
}

function Revoked({ keys }: { readonly keys: readonly Key[] }) {
  return (
    <details>
      <summary>Revoked keys ({keys.length})</summary>
      <ul>
        {keys.map((key) => (
          <li key={key.id}>
            {shownText(key.name)}{' '}
            <span class="faint small">
              <code>{key.prefix}…</code>, revoked {key.revoked_at === null ? '' : day(key.revoked_at)}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
