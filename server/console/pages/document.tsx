import './document.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { get, remove, type Reply } from '../api.js';
import { ConfirmDialog } from '../parts/dialog.jsx';
import { count, percent } from '../parts/format.js';
import { LinkDialog } from '../parts/link-dialog.jsx';
import { useTitle } from '../parts/page-title.js';
import { shownText } from '../parts/path.js';
import { Empty, Pending, Problem } from '../parts/problem.jsx';
import { ReadLink } from '../parts/read-link.jsx';
import { deviceTitle, documentAuthors, documentTitle } from '../parts/reader-names.js';
import { useResource } from '../parts/resource.js';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { type ChosenUser, useChosenUser } from '../parts/user-choice.jsx';
import { hrefOf } from '../router.js';
import { may, useMe } from '../session.js';
import type { PageProps } from '../pages.jsx';
import { ReadingCurve } from './reading-curve.jsx';

type Shown = Reply<'/progress/{document}', 'get'>;
type Position = Shown['positions'][number];
type Translation = Position['translation'];
type Confidence = Extract<Translation, { readonly state: 'translated' }>['confidence'];
type Reason = Extract<Translation, { readonly state: 'none' }>['reason'];

const SURE: Readonly<Record<Confidence, string>> = {
  exact: 'exactly here',
  clamped: 'right beside this place',
  element: 'in this paragraph',
  fragment: 'somewhere in this chapter',
  percentage: 'about here, by the percentage alone',
  none: 'not known where',
};
const WHY_NO_TEXT: Readonly<Record<Reason, string>> = {
  'book-not-found': 'No book of a library belongs to this document, so there is no text to show.',
  'book-missing': 'The file of the book is missing, so there is no text to show.',
  'book-changed': 'The file of the book has changed and is being hashed again.',
  'book-unreadable': 'The file of the book cannot be read',
  'format-unsupported': 'Text is shown for EPUB, FB2 and HTML.',
  'unknown-form': 'The reader sent the place in a form that Dogear does not know.',
  'other-format': 'The place belongs to another format of the book.',
  'outside-the-book': 'The place lies outside this book. It may be of another edition.',
  busy: 'Dogear had no time to find the text.',
  'too-slow': 'Finding the text took too long.',
};

const PASSING: ReadonlySet<Reason> = new Set(['busy', 'too-slow', 'book-changed']);

const TRIES = 5;
const TRY_AGAIN_MS = 3000;

/** Where everybody's devices are in one document. */
export function DocumentPage({ params: [document = ''] }: PageProps) {
  const user = useChosenUser();
  const shown = useResource(
    `document ${String(user.id)} ${document}`,
    (signal) => get('/progress/{document}', { params: { document }, query: { user_id: user.id }, signal }),
    ['progress', 'devices'],
  );
  const { value, error } = shown;
  useRetries(value, shown.reload);
  if (error?.code === 'progress-not-found') return <Nothing user={user} />;
  if (value === undefined) return <Pending error={error} />;
  return (
    <div class="stack">
      <Problem error={error} />
      <Head shown={value} user={user} onChange={shown.reload} />
      <section class="sheet" aria-labelledby="places">
        <h2 id="places">Places</h2>
        <Track positions={value.positions} />
        <ol class="places">
          {value.positions.map((position, index) => (
            <li key={`${position.device.id} ${position.document}`}>
              <Place position={position} number={index + 1} user={user} onChange={shown.reload} />
            </li>
          ))}
        </ol>
        {value.next_cursor === null ? null : (
          <p class="faint">Only the newest {count(value.positions.length)} places are shown.</p>
        )}
      </section>
      <ReadingCurve document={document} userId={user.id} positions={value.positions} />
    </div>
  );
}

/** Texts that a busy server did not find in time are asked for again, a few times; then there is a button. */
function useRetries(shown: Shown | undefined, retry: () => void): void {
  const tries = useRef(0);
  useEffect(() => {
    const isLate = shown?.positions.some(({ translation }) => isPassing(translation)) ?? false;
    if (!isLate || tries.current >= TRIES) return undefined;
    const timer = setTimeout(() => {
      tries.current += 1;
      retry();
    }, TRY_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
}

function isPassing(translation: Translation): boolean {
  return translation.state === 'none' && PASSING.has(translation.reason);
}

function Nothing({ user }: { readonly user: ChosenUser }) {
  return (
    <>
      <header class="page-head">
        <h1>No place in this document</h1>
      </header>
      <Empty says="No device has a place in it, or the last one was deleted.">
        <a class="button" href={hrefOf(`reading${user.search}`)}>
          To what was read
        </a>
      </Empty>
    </>
  );
}

interface HeadProps {
  readonly shown: Shown;
  readonly user: ChosenUser;
  readonly onChange: () => void;
}

function Head({ shown, user, onChange }: HeadProps) {
  const isLinking = useSignal(false);
  const canLink = user.id === undefined && may(useMe(), 'feature:koreader_sync');
  const metadata = shown.positions.find((position) => position.metadata !== null)?.metadata ?? null;
  const title = documentTitle({ ...shown, metadata });
  useTitle(title);
  const authors = documentAuthors(metadata);
  return (
    <header class="page-head">
      <div>
        <p class="small">
          <a href={hrefOf(`reading${user.search}`)}>Reading</a>
          {user.name === undefined ? '' : ` of ${user.name}`}
        </p>
        <h1>{title}</h1>
        {authors === undefined ? null : <p>{authors}</p>}
        {shown.book === null ? (
          <p class="small">
            In no library that you may see. Document <code>{shownText(shown.document)}</code>
          </p>
        ) : (
          <p class="small">
            {shownText(shown.book.file_name)} in {shownText(shown.book.library_name)}
          </p>
        )}
      </div>
      {shown.book !== null ? (
        <div class="buttons">
          <a class="button" href={hrefOf(`books/${String(shown.book.id)}`)}>
            Show the book
          </a>
          {user.id === undefined ? <ReadLink book={shown.book} says="Continue in the browser" /> : null}
        </div>
      ) : canLink ? (
        <button type="button" onClick={() => (isLinking.value = true)}>
          Link to a book
        </button>
      ) : null}
      {isLinking.value ? (
        <LinkDialog
          document={shown.document}
          title={title}
          onLinked={onChange}
          onClose={() => (isLinking.value = false)}
        />
      ) : null}
    </header>
  );
}

/** Marks nearer than this share of the bar stand above one another. */
const MARK_SHARE = 0.1;
const LANES = 4;

/** One bar with a mark for each device, numbered as in the list below it. */
function Track({ positions }: { readonly positions: readonly Position[] }) {
  const lanes = lanesOf(positions.map((position) => position.percentage));
  const newest = positions[0]?.percentage ?? 0;
  return (
    <div class={`track lanes-${String(Math.max(0, ...lanes) + 1)}`} aria-hidden="true">
      <div class="line-of-book">
        <span class="read" style={{ width: `${String(newest * 100)}%` }} />
      </div>
      {positions.map((position, index) => (
        <span
          key={`${position.device.id} ${position.document}`}
          class={`mark lane-${String(lanes[index] ?? 0)} ${index === 0 ? 'newest' : ''}`}
          style={{ left: `${String(position.percentage * 100)}%` }}
          title={`${deviceTitle(position.device)}: ${percent(position.percentage)}`}
        >
          {index + 1}
        </span>
      ))}
      <p class="line faint small">
        <span>Start</span>
        <span>End</span>
      </p>
    </div>
  );
}

/** For each place the lowest lane in which no mark is in its way; the last lane takes the rest. */
function lanesOf(places: readonly number[]): readonly number[] {
  const taken: number[][] = Array.from({ length: LANES }, () => []);
  return places.map((place) => {
    const free = taken.findIndex((others) => others.every((other) => Math.abs(other - place) >= MARK_SHARE));
    const lane = free === -1 ? LANES - 1 : free;
    taken[lane]?.push(place);
    return lane;
  });
}

interface PlaceProps {
  readonly position: Position;
  readonly number: number;
  readonly user: ChosenUser;
  readonly onChange: () => void;
}

function Place({ position, number, user, onChange }: PlaceProps) {
  const isDeleting = useSignal(false);
  const { device, translation } = position;
  const title = deviceTitle(device);
  return (
    <article class="place">
      <span class={number === 1 ? 'number newest' : 'number'}>{number}</span>
      <div class="stack">
        <div class="line">
          <h3>{title}</h3>
          <span class="faint small">
            <Ago time={position.pushed_at} />
          </span>
        </div>
        <p>
          <b>{percent(position.percentage)}</b>
          <Chapter translation={translation} />
          {number === 1 ? <span class="tag good">readers get this one</span> : null}
        </p>
        <Words translation={translation} onRetry={onChange} />
        <div class="line more">
          <details>
            <summary class="small faint">As the reader sent it</summary>
            <dl class="facts small">
              <dt>Place</dt>
              <dd>
                <code>{shownText(position.progress)}</code>
              </dd>
              <dt>Document</dt>
              <dd>
                <code>{shownText(position.document)}</code>
              </dd>
              <dt>Model</dt>
              <dd>{shownText(device.name)}</dd>
            </dl>
          </details>
          <button
            type="button"
            class="quiet"
            aria-label={`Delete the place of ${title}`}
            onClick={() => (isDeleting.value = true)}
          >
            Delete
          </button>
        </div>
      </div>
      {isDeleting.value ? (
        <ConfirmDialog
          title={`Delete the place of ${title}?`}
          confirm="Delete the place"
          onClose={() => (isDeleting.value = false)}
          onConfirm={async () => {
            await remove('/progress/{document}/positions/{device}', {
              params: { document: position.document, device: device.id },
              query: { user_id: user.id },
            });
            say(`The place of ${title} is deleted.`);
            onChange();
          }}
        >
          <p>
            {percent(position.percentage)} on {title} is deleted for good.{' '}
            {number === 1 ? 'Readers get the newest of the other places then. ' : ''}
            If the device still stands there, it sends its place again with the next sync.
          </p>
        </ConfirmDialog>
      ) : null}
    </article>
  );
}

function Chapter({ translation }: { readonly translation: Translation }) {
  if (translation.state === 'page') {
    const { page, page_count: pages } = translation;
    return <> · page {pages === null ? count(page) : `${count(page)} of ${count(pages)}`}</>;
  }
  if (translation.state !== 'translated' || translation.chapter_title === null) return <> </>;
  return <> · {shownText(translation.chapter_title)} </>;
}

/** The server gives no more of the text before a place, and no more of that behind it. */
const CUT_CHARACTERS = 32;
/** Where text is cut, half of a word may be left. A script without spaces loses nothing. */
const BROKEN_START = /^\S{1,20}\s+(?=\S)/;
const BROKEN_END = /(?<=\S)\s+\S{1,20}$/;

/** The text around the place, and how sure it is. */
function Words({
  translation,
  onRetry,
}: {
  readonly translation: Translation;
  readonly onRetry: () => void;
}) {
  if (translation.state === 'page') return null;
  if (translation.state === 'fraction') {
    return (
      <p class="small warning">
        How sure: {SURE[translation.confidence]}. {WHY_NO_TEXT['format-unsupported']}
      </p>
    );
  }
  if (translation.state === 'none') {
    const { reason, failure } = translation;
    return (
      <div class="faint small">
        <p>
          {WHY_NO_TEXT[reason]}
          {reason === 'book-unreadable' ? `${failure === null ? '' : `: ${failure}`}.` : ''}
        </p>
        {isPassing(translation) ? (
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        ) : null}
      </div>
    );
  }
  const { text_before: before, text_after: after, confidence } = translation;
  return (
    <>
      {before === '' && after === '' ? null : (
        <blockquote>
          {Array.from(before).length < CUT_CHARACTERS ? before : `…${before.replace(BROKEN_START, '')}`}
          <span class="here" role="img" aria-label="[here]" />
          {Array.from(after).length < CUT_CHARACTERS ? after : `${after.replace(BROKEN_END, '')}…`}
        </blockquote>
      )}
      <p class={confidence === 'exact' || confidence === 'clamped' ? 'small good' : 'small warning'}>
        How sure: {SURE[confidence]}
      </p>
    </>
  );
}
