import { useSignal, type Signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { get, patch, post, type Reply } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { CancelButton } from '../parts/dialog.jsx';
import { CheckField, LinesField, TextField } from '../parts/field.jsx';
import { counted } from '../parts/format.js';
import { useResource } from '../parts/resource.js';
import { FolderPicker } from './folder-picker.jsx';

export type LibraryDetails = Reply<'/libraries/{id}', 'get'>;

/** What the form edits, as the API has it but for lists, which are texts. */
interface Values {
  readonly name: string;
  readonly root: string;
  readonly extensions: string;
  readonly koreader_hashes: boolean;
  readonly skip_system: boolean;
  readonly ignore_patterns: string;
  readonly follow_links: boolean;
  readonly restricted: boolean;
}

const NEW_LIBRARY: Values = {
  name: '',
  root: '',
  extensions: '',
  koreader_hashes: true,
  skip_system: true,
  ignore_patterns: '',
  follow_links: false,
  restricted: false,
};

interface AddProps {
  readonly onAdded: (added: LibraryDetails) => void;
  readonly onCancel: () => void;
}

export function AddLibrary({ onAdded, onCancel }: AddProps) {
  const values = useSignal(NEW_LIBRARY);
  const action = useAction();
  return (
    <Form
      action={action}
      submit="Add"
      buttons={<CancelButton onCancel={onCancel} />}
      onSubmit={async () => {
        const body = bodyOf(values.value);
        onAdded(await post('/libraries', { body }));
      }}
    >
      <LibraryFields values={values} />
      <p class="faint small">Nothing is read yet. The first scan finds the books.</p>
    </Form>
  );
}

interface ChangeProps {
  readonly library: LibraryDetails;
  readonly onChanged: () => void;
  readonly onCancel: () => void;
}

/** Sends only what was changed, so that it undoes nothing that somebody else changed meanwhile. */
export function ChangeLibrary({ library, onChanged, onCancel }: ChangeProps) {
  // As it was when the dialog opened: the library may be loaded again meanwhile.
  const before = useMemo(
    (): Values => ({
      name: library.name,
      root: library.root?.text ?? '',
      extensions: library.extensions?.join(', ') ?? '',
      koreader_hashes: library.koreader_hashes,
      skip_system: library.skip_system,
      ignore_patterns: library.ignore_patterns.join('\n'),
      follow_links: library.follow_links,
      restricted: library.restricted,
    }),
    [],
  );
  const values = useSignal(before);
  const scans = useResource(`last scan of ${String(library.id)}`, (signal) =>
    get('/scans', { query: { library_id: library.id, limit: 1 }, signal }),
  );
  const skippable = scans.value?.items[0]?.counts.skippable ?? 0;
  const action = useAction();
  return (
    <Form
      action={action}
      submit="Save"
      buttons={<CancelButton onCancel={onCancel} />}
      onDone={onChanged}
      onSubmit={() => {
        const body = bodyOf(values.value);
        const isNew = (name: keyof Values): boolean => values.value[name] !== before[name];
        return patch('/libraries/{id}', {
          params: { id: library.id },
          body: {
            ...(isNew('name') && { name: body.name }),
            ...(isNew('root') && { root: body.root }),
            ...(isNew('extensions') && { extensions: body.extensions }),
            ...(isNew('koreader_hashes') && { koreader_hashes: body.koreader_hashes }),
            ...(isNew('skip_system') && { skip_system: body.skip_system }),
            ...(isNew('ignore_patterns') && { ignore_patterns: body.ignore_patterns }),
            ...(isNew('follow_links') && { follow_links: body.follow_links }),
            ...(isNew('restricted') && { restricted: body.restricted }),
          },
        });
      }}
    >
      <LibraryFields values={values} skippable={skippable} />
      <p class="faint small">
        The next scan acts on what was changed. Books of a folder that was moved keep their digests and
        everybody's places. Books that are left out from now on are missing then: readers still find them, and
        nobody loses a place.
      </p>
    </Form>
  );
}

function bodyOf(values: Values) {
  return {
    ...values,
    extensions: extensionsOf(values.extensions),
    ignore_patterns: values.ignore_patterns.split('\n').filter((pattern) => pattern.trim() !== ''),
  };
}

interface FieldsProps {
  readonly values: Signal<Values>;
  /** Files that the last scan found in folders of the system. */
  readonly skippable?: number;
}

function LibraryFields({ values, skippable = 0 }: FieldsProps) {
  const isPicking = useSignal(false);
  const part = <Name extends keyof Values>(name: Name) => ({
    get value() {
      return values.value[name];
    },
    set value(value: Values[Name]) {
      values.value = { ...values.value, [name]: value };
    },
  });
  const name = part('name');
  const root = part('root');
  return (
    <>
      <TextField label="Folder on the server" value={root} placeholder="/books" required maxLength={4096} />
      <div class="buttons">
        <button
          type="button"
          aria-expanded={isPicking.value}
          onClick={() => (isPicking.value = !isPicking.value)}
        >
          {isPicking.value ? 'Close the folders' : 'Choose a folder…'}
        </button>
      </div>
      {isPicking.value ? (
        <FolderPicker
          start={root.value}
          onOpen={(path) => {
            const named = lastPart(root.value);
            if (name.value === '' || name.value === named) name.value = lastPart(path);
            root.value = path;
          }}
        />
      ) : null}
      <TextField label="Name" value={name} required maxLength={200} />
      <TextField
        label="File extensions"
        value={part('extensions')}
        placeholder="epub, pdf, cbz"
        autoCapitalize="none"
        spellcheck={false}
        hint="Only files with these are books. Empty: everything that KOReader opens."
      />
      <CheckField
        label="Make KOReader hashes"
        value={part('koreader_hashes')}
        hint="Without them the books are listed, but readers do not find them."
      />
      <CheckField
        label="Leave out what is no library"
        value={part('skip_system')}
        hint={`Hidden folders, recycle bins, snapshots and thumbnails, where old copies lie.${
          skippable === 0 ? '' : ` The last scan found ${counted(skippable, 'file')} there.`
        }`}
      />
      <LinesField
        label="Leave out as well"
        value={part('ignore_patterns')}
        hint="Patterns as in .gitignore, one a line, such as /drafts/ or *.sample.epub."
      />
      <CheckField
        label="Follow links to folders"
        value={part('follow_links')}
        hint="Not those that lead into the library itself, or above it."
      />
      <CheckField
        label="Only its readers may see it"
        value={part('restricted')}
        hint="You choose the readers on the library's page. Whoever manages libraries sees all of them."
      />
    </>
  );
}

function lastPart(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}

function extensionsOf(text: string): string[] | null {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  return words.length === 0 ? null : words;
}
