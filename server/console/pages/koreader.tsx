import './koreader.css';
import { useSignal } from '@preact/signals';
import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';
import { get, post } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { CopyField } from '../parts/copy-field.jsx';
import { TextField } from '../parts/field.jsx';
import { lastMadeKey } from '../parts/key-choice.js';
import { kosyncFile } from '../parts/kosync-file.js';
import { Empty, Loading, Problem } from '../parts/problem.jsx';
import { QrCode } from '../parts/qr-code.jsx';
import { useResource } from '../parts/resource.js';
import { isOnlyHere, syncAddress } from '../parts/sync-address.js';
import { may, useMe } from '../session.js';
import { AddressPicture, LoginPicture, MenuPicture } from './koreader-pictures.jsx';
import { Waiting } from './koreader-waiting.jsx';

/** Far more than an address has. A QR code has room for 2,331 bytes. */
const ADDRESS_CHARACTERS = 500;

/** Connects a reader with KOReader, step by step. */
export function KoreaderSetup() {
  const server = useResource('server', (signal) => get('/server', { signal }));
  const { value, error } = server;
  const key = lastMadeKey.value;
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Set up KOReader</h1>
          <p>Three steps on the reader, and Dogear keeps your place.</p>
        </div>
      </header>
      <Problem error={error} />
      {value === undefined ? (
        <Loading unless={error} />
      ) : !value.koreader_sync ? (
        <Empty says="This server does not sync with KOReader: the setting enable_koreader_sync is off." />
      ) : (
        <div class="stack">
          <ChooseKey />
          {key === undefined ? null : (
            <Steps key={key.text} address={syncAddress(value.public_url, key.text)} keyId={key.id} />
          )}
        </div>
      )}
    </>
  );
}

/** Makes the key of the reader, or takes one that somebody has noted. */
function ChooseKey() {
  const me = useMe();
  const mayMake = may(me, 'feature:api_keys') && may(me, 'feature:koreader_sync');
  const isTyping = useSignal(!mayMake);
  const name = useSignal('KOReader');
  const typed = useSignal('');
  const action = useAction();
  if (lastMadeKey.value !== undefined) {
    return (
      <section class="sheet" aria-labelledby="key">
        <div class="line">
          <h2 id="key">The reader's key is ready</h2>
          <button type="button" class="quiet" onClick={() => (lastMadeKey.value = undefined)}>
            Use another key
          </button>
        </div>
        <p class="faint">
          Dogear does not show a key again. Stay on this page until the reader is connected.
        </p>
      </section>
    );
  }
  return (
    <section class="sheet" aria-labelledby="key">
      <h2 id="key">First, a key for this reader</h2>
      {/* Fields of their own: one that had a longest length before would take no letter without one. */}
      {isTyping.value ? (
        <Form
          key="typed"
          action={action}
          submit="Use this key"
          onSubmit={() => {
            lastMadeKey.value = { id: undefined, text: keyIn(typed.value) };
            return Promise.resolve();
          }}
        >
          <TextField
            label="Key or address"
            value={typed}
            autoComplete="off"
            spellcheck={false}
            maxLength={ADDRESS_CHARACTERS}
            required
            hint={
              mayMake
                ? 'The key, or the whole address that ends with it.'
                : 'You may not make keys yourself. Whoever runs this server can give you one.'
            }
          />
        </Form>
      ) : (
        <Form
          key="made"
          action={action}
          submit="Make a key"
          onSubmit={async () => {
            const made = await post('/api-keys', {
              body: { name: name.value, permissions: ['feature:koreader_sync'] },
            });
            lastMadeKey.value = { id: made.id, text: made.key };
          }}
        >
          <TextField
            label="Name of the key"
            value={name}
            autoComplete="off"
            maxLength={200}
            required
            hint="So that you know it again among your keys."
          />
        </Form>
      )}
      {mayMake ? (
        <p>
          <button type="button" class="quiet" onClick={() => (isTyping.value = !isTyping.value)}>
            {isTyping.value ? 'Make a key instead' : 'I have a key already'}
          </button>
        </p>
      ) : null}
    </section>
  );
}

/** The key in what somebody typed: alone, or at the end of an address. */
function keyIn(typed: string): string {
  return typed.trim().replace(/\/+$/, '').split('/').at(-1) ?? '';
}

interface StepsProps {
  readonly address: string;
  readonly keyId: number | undefined;
}

function Steps({ address, keyId }: StepsProps) {
  const isPlain = address.startsWith('http:');
  return (
    <>
      {isOnlyHere(address) ? (
        <div class="problem" role="alert">
          <p>
            This address works on this computer only. Open the console by the name or the address that the
            computer has in your network, or let the server's owner set <code>server.public_url</code>.
          </p>
        </div>
      ) : null}
      <ol class="steps">
        <li class="sheet">
          <div class="stack">
            <h2>1. Open the menu</h2>
            <p>
              Open any book in KOReader and tap the top of the screen. Choose <b>Tools</b>, then{' '}
              <b>Progress sync</b>. It is in the menu only while a book is open.
            </p>
          </div>
          <MenuPicture />
        </li>
        <li class="sheet">
          <div class="stack">
            <h2>2. Enter the address</h2>
            <p>
              Tap <b>Custom sync server</b> and type this address
              {isPlain ? (
                <>
                  . Replace the <code>https://</code> that stands there: yours begins with{' '}
                  <code>http://</code>
                </>
              ) : null}
              .
            </p>
            <p class="whole-address">
              <TypedAddress address={address} />
            </p>
            <CopyField label="Address, to copy" value={address} />
            <details>
              <summary>As a QR code</summary>
              <QrCode text={address} label="The address as a QR code" />
              <p class="small faint">For KOReader on a phone or a tablet: scan it, copy it, paste it.</p>
            </details>
          </div>
          <AddressPicture address={address} />
        </li>
        <li class="sheet">
          <div class="stack">
            <h2>3. Log in</h2>
            <p>
              Tap <b>Register / Login</b>. Type any name and any password, such as <code>a</code> and{' '}
              <code>a</code>: the key in the address says who you are. Tap <b>Login</b>.
            </p>
          </div>
          <LoginPicture />
        </li>
      </ol>
      <SettingsFile address={address} />
      <Waiting keyId={keyId} />
    </>
  );
}

const BEFORE_KEY = '/koreader/';
/** Letters between which somebody who types looks up. */
const GROUP = 4;

/** The whole address, with its key in groups. The gaps are no characters: what is copied has none. */
function TypedAddress({ address }: { readonly address: string }) {
  // The address of the server may contain the same word.
  const at = address.lastIndexOf(BEFORE_KEY);
  const server = address.slice(0, at);
  const key = address.slice(at + BEFORE_KEY.length);
  const groups = key.match(new RegExp(`.{1,${String(GROUP)}}`, 'g')) ?? [];
  return (
    <>
      {server}
      <wbr />
      {BEFORE_KEY}
      <wbr />
      {groups.map((group, index) => (
        <span key={index}>{group}</span>
      ))}
    </>
  );
}

const FOLDERS: readonly (readonly [reader: string, folder: string])[] = [
  ['Kobo', '.adds/koreader/settings/'],
  ['Kindle', 'koreader/settings/'],
  ['PocketBook', 'applications/koreader/settings/'],
  ['Android', 'koreader/settings/'],
  ['Linux', '~/.config/koreader/settings/'],
];

/** Steps 2 and 3 without typing, for those who connect the reader to a computer. */
function SettingsFile({ address }: { readonly address: string }) {
  const url = useSignal<string | undefined>(undefined);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([kosyncFile(address)], { type: 'application/octet-stream' }));
    url.value = made;
    return () => URL.revokeObjectURL(made);
  }, [address]);
  return (
    <details class="sheet">
      <summary>Rather copy a file than type?</summary>
      <div class="stack">
        <p>
          KOReader 2026.07 and later keep these settings in a file of their own. With the reader on a
          computer, it replaces steps 2 and 3.
        </p>
        <div class="buttons">
          {url.value === undefined ? null : (
            <a class="button" download="kosync.lua" href={url.value}>
              Download kosync.lua
            </a>
          )}
        </div>
        <ol class="numbered">
          <li>Quit KOReader.</li>
          <li>
            Copy the file into KOReader's folder <code>settings</code>:
            <dl class="facts">
              {FOLDERS.map(([reader, folder]) => (
                <Fragment key={reader}>
                  <dt>{reader}</dt>
                  <dd>
                    <code>{folder}</code>
                  </dd>
                </Fragment>
              ))}
            </dl>
          </li>
          <li>
            Start KOReader, open a book, and tap <b>Push progress from this device now</b> in the menu of step
            1.
          </li>
        </ol>
        <p class="small faint">
          It replaces the settings of progress sync that the reader has. The file contains the key: keep it to
          yourself. It lets KOReader send titles and authors too, so that Dogear can name books that are in no
          library.
        </p>
      </div>
    </details>
  );
}
