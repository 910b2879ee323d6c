import './devices.css';
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { get, patch, remove, type Reply } from '../api.js';
import { useAction } from '../parts/action.jsx';
import { allPages, PAGE_ITEMS } from '../parts/all-pages.js';
import { ConfirmDialog } from '../parts/dialog.jsx';
import { percent } from '../parts/format.js';
import { shownText } from '../parts/path.js';
import { Empty, Loading, Problem } from '../parts/problem.jsx';
import { deviceTitle, documentTitle } from '../parts/reader-names.js';
import { useResource } from '../parts/resource.js';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { type ChosenUser, useChosenUser, UserChoice } from '../parts/user-choice.jsx';
import { documentHref, hrefOf } from '../router.js';
import { may, useMe } from '../session.js';

type Device = Reply<'/devices', 'get'>['items'][number];
type Reading = Reply<'/progress', 'get'>['items'][number];

/** Books that are named with a device; the page of reading has the others. */
const BOOKS_SHOWN = 3;
/** A hundred emoji. The server says so when other characters are too many. */
const NAME_CODE_UNITS = 200;

export function Devices() {
  const me = useMe();
  const user = useChosenUser();
  const key = `devices ${String(user.id)}`;
  const devices = useResource(
    key,
    (signal) =>
      allPages((cursor) =>
        get('/devices', { query: { user_id: user.id, cursor, limit: PAGE_ITEMS }, signal }),
      ),
    ['devices'],
  );
  // The newest documents are enough to say what a device reads at the moment.
  const reading = useResource(
    key,
    (signal) => get('/progress', { query: { user_id: user.id, limit: PAGE_ITEMS }, signal }),
    ['progress'],
  );
  const newest = devices.value?.toSorted((a, b) => b.last_seen.localeCompare(a.last_seen));
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Devices</h1>
          <p>Readers that have synced with Dogear.</p>
        </div>
        <UserChoice chosen={user} label="Devices of" />
      </header>
      <Problem error={devices.error ?? reading.error ?? user.error} />
      {newest === undefined ? (
        <Loading unless={devices.error} />
      ) : newest.length === 0 ? (
        <Empty says={user.id === undefined ? 'No reader has synced yet.' : 'This user has no readers yet.'}>
          {user.id === undefined && may(me, 'feature:koreader_sync') ? (
            <a class="button main" href={hrefOf('koreader')}>
              Set up KOReader
            </a>
          ) : null}
        </Empty>
      ) : (
        <ul class="grid">
          {newest.map((device) => (
            <li key={device.id}>
              <DeviceCard
                device={device}
                user={user}
                reading={reading.value?.items.filter((item) => item.device.id === device.id)}
                onChange={devices.reload}
              />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

interface CardProps {
  readonly device: Device;
  readonly user: ChosenUser;
  /** The documents whose newest position is this device's; `undefined` while they are not known. */
  readonly reading: readonly Reading[] | undefined;
  readonly onChange: () => void;
}

function DeviceCard({ device, user, reading, onChange }: CardProps) {
  const isForgetting = useSignal(false);
  const title = deviceTitle(device);
  return (
    <article class="sheet device">
      <DeviceName device={device} userId={user.id} onChange={onChange} />
      <dl class="facts">
        <dt>Reads</dt>
        <dd>
          <ReadBooks reading={reading} search={user.search} />
        </dd>
        <dt>Last seen</dt>
        <dd>
          <Ago time={device.last_seen} />
        </dd>
        <dt>First seen</dt>
        <dd>
          <Ago time={device.first_seen} />
        </dd>
        {/* KOReader sends its model as its name. */}
        <dt>Model</dt>
        <dd>{device.name.trim() === '' ? <span class="faint">not told</span> : shownText(device.name)}</dd>
      </dl>
      <div class="buttons">
        <button type="button" aria-label={`Forget ${title}`} onClick={() => (isForgetting.value = true)}>
          Forget
        </button>
      </div>
      {isForgetting.value ? (
        <ConfirmDialog
          title={`Forget ${title}?`}
          confirm="Forget the device"
          onClose={() => (isForgetting.value = false)}
          onConfirm={async () => {
            await remove('/devices/{id}', { params: { id: device.id }, query: { user_id: user.id } });
            say(`${title} is forgotten.`);
            onChange();
          }}
        >
          <p>
            It leaves this list, with the name you gave it. Its places in books stay. When it syncs again, it
            is listed again.
          </p>
        </ConfirmDialog>
      ) : null}
    </article>
  );
}

function ReadBooks({
  reading,
  search,
}: {
  readonly reading: readonly Reading[] | undefined;
  readonly search: string;
}) {
  if (reading === undefined) return <span class="faint">…</span>;
  if (reading.length === 0) return <span class="faint">nothing that no other device read later</span>;
  return (
    <ul>
      {reading.slice(0, BOOKS_SHOWN).map((item) => (
        <li key={item.document}>
          <a href={documentHref(item.document, search)}>{documentTitle(item)}</a>{' '}
          <span class="faint">{percent(item.percentage)}</span>
        </li>
      ))}
    </ul>
  );
}

interface NameProps {
  readonly device: Device;
  readonly userId: number | undefined;
  readonly onChange: () => void;
}

/** The name of a device, which turns into a field. Enter keeps what is typed, Escape gives it up. */
function DeviceName({ device, userId, onChange }: NameProps) {
  const id = useId();
  const isEditing = useSignal(false);
  const typed = useSignal('');
  const action = useAction();
  const field = useRef<HTMLInputElement>(null);
  const ownName = deviceTitle({ ...device, friendly_name: null });
  const button = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (isEditing.value) field.current?.select();
    else if (wasEditing.current) button.current?.focus();
    wasEditing.current = isEditing.value;
  }, [isEditing.value]);

  if (!isEditing.value) {
    return (
      <div class="line name">
        <h2>{deviceTitle(device)}</h2>
        <button
          type="button"
          class="quiet"
          ref={button}
          aria-label={`Rename ${deviceTitle(device)}`}
          onClick={() => {
            typed.value = device.friendly_name ?? '';
            action.forgetError();
            isEditing.value = true;
          }}
        >
          Rename
        </button>
      </div>
    );
  }
  const save = async (): Promise<void> => {
    const name = typed.value.trim();
    await patch('/devices/{id}', {
      params: { id: device.id },
      query: { user_id: userId },
      body: { friendly_name: name === '' ? null : name },
    });
    say(name === '' ? 'The device has its own name again.' : `The device is called ${shownText(name)} now.`);
    onChange();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(save).then((isSaved) => {
          if (isSaved) isEditing.value = false;
          return undefined;
        });
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') isEditing.value = false;
      }}
    >
      <div class="field">
        <label for={id}>Name</label>
        <input
          id={id}
          ref={field}
          type="text"
          maxLength={NAME_CODE_UNITS}
          placeholder={ownName}
          value={typed.value}
          aria-describedby={`${id}-hint`}
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
        <p class="hint" id={`${id}-hint`}>
          Such as “Aaron's Kobo”. Empty: {ownName}.
        </p>
      </div>
      <Problem error={action.error} />
      <div class="buttons">
        <button type="submit" class="main" disabled={action.isRunning}>
          Save
        </button>
        <button type="button" onClick={() => (isEditing.value = false)}>
          Cancel
        </button>
      </div>
    </form>
  );
}
