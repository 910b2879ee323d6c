import { useSignal } from '@preact/signals';
import { post, remove, type Reply } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { CancelButton, ConfirmDialog, Dialog } from '../parts/dialog.jsx';
import { TextField } from '../parts/field.jsx';
import { EverybodyField } from '../parts/link-dialog.jsx';
import { shownText } from '../parts/path.js';
import { Loading } from '../parts/problem.jsx';
import type { Resource } from '../parts/resource.js';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { may, useMe } from '../session.js';

type Link = Reply<'/books/{id}/documents', 'get'>['items'][number];

interface BookLinksProps {
  readonly bookId: number;
  readonly links: Resource<Reply<'/books/{id}/documents', 'get'>>;
}

/** The documents that somebody has linked to a book. */
export function BookLinks({ bookId, links: { value, error, reload } }: BookLinksProps) {
  const me = useMe();
  const isAdding = useSignal(false);
  return (
    <section class="sheet">
      <h2>Linked documents</h2>
      {value === undefined ? (
        <Loading unless={error} />
      ) : value.items.length === 0 ? (
        <p class="faint">None. A reader with another file of this book finds it by a link.</p>
      ) : (
        <ul class="lined">
          {value.items.map((link) => (
            <li key={`${link.document} ${String(link.everybody)}`}>
              <LinkLine link={link} onChange={reload} />
            </li>
          ))}
        </ul>
      )}
      {may(me, 'feature:koreader_sync') || may(me, 'library:manage') ? (
        <div class="buttons">
          <button type="button" onClick={() => (isAdding.value = true)}>
            Link a document
          </button>
        </div>
      ) : null}
      {isAdding.value ? (
        <AddLink bookId={bookId} onAdded={reload} onClose={() => (isAdding.value = false)} />
      ) : null}
    </section>
  );
}

interface LinkLineProps {
  readonly link: Link;
  readonly onChange: () => void;
}

function LinkLine({ link, onChange }: LinkLineProps) {
  const me = useMe();
  const isAsking = useSignal(false);
  const { everybody, linked_by: by, linked_by_name: name } = link;
  const document = shownText(link.document);
  const who = by === null ? 'the operator' : by === me.user_id ? 'you' : (name ?? 'somebody');
  return (
    <>
      <p class="line">
        <span class="digest">{document}</span>
        {may(me, everybody ? 'library:manage' : 'feature:koreader_sync') ? (
          <button
            type="button"
            class="quiet"
            aria-label={`Unlink ${document}`}
            onClick={() => (isAsking.value = true)}
          >
            Unlink
          </button>
        ) : null}
      </p>
      <p class="small faint">
        {everybody ? 'For everybody' : 'For you'}, by <bdi>{who}</bdi>, <Ago time={link.linked_at} />
      </p>
      {isAsking.value ? (
        <ConfirmDialog
          title="Take the link back?"
          confirm="Unlink"
          onClose={() => (isAsking.value = false)}
          onConfirm={async () => {
            await remove('/books/{id}/documents/{document}', {
              params: { id: link.book_id, document: link.document },
              query: { everybody: everybody ? 'true' : 'false' },
            });
            say('Unlinked.');
            onChange();
          }}
        >
          <p>
            <span class="digest">{document}</span> no longer finds this book{everybody ? ', for anybody' : ''}
            . It keeps the place that was pushed for it.
          </p>
        </ConfirmDialog>
      ) : null}
    </>
  );
}

interface AddLinkProps {
  readonly bookId: number;
  readonly onAdded: () => void;
  readonly onClose: () => void;
}

function AddLink({ bookId, onAdded, onClose }: AddLinkProps) {
  const me = useMe();
  const action = useAction();
  const document = useSignal('');
  const syncs = may(me, 'feature:koreader_sync');
  const forEverybody = useSignal(!syncs);
  return (
    <Dialog title="Link a document" onClose={onClose}>
      <Form
        action={action}
        submit="Link"
        buttons={<CancelButton onCancel={onClose} />}
        onSubmit={async () => {
          const body = { document: document.value.trim(), everybody: forEverybody.value };
          await post('/books/{id}/documents', { params: { id: bookId }, body });
          say('Linked.');
        }}
        onDone={() => {
          onClose();
          onAdded();
        }}
      >
        <TextField
          label="Document"
          value={document}
          required
          maxLength={255}
          autoComplete="off"
          autoCapitalize="none"
          spellcheck={false}
          hint="What the reader sends for its file: mostly a digest of 32 digits."
        />
        {syncs && may(me, 'library:manage') ? <EverybodyField value={forEverybody} /> : null}
      </Form>
    </Dialog>
  );
}
