import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { get } from '../api.js';
import { counted } from '../parts/format.js';
import { shownText } from '../parts/path.js';
import { Loading, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';

interface FolderPickerProps {
  /** Where it begins; empty: at the top. */
  readonly start: string;
  /** Called with each folder that is opened. */
  readonly onOpen: (path: string) => void;
}

/** The folders of the server, one level at a time. */
export function FolderPicker({ start, onOpen }: FolderPickerProps) {
  const at = useSignal(start.startsWith('/') ? start : '');
  const folder = useResource(at.value, (signal) => get('/folders', { query: { path: at.value }, signal }));
  const group = useRef<HTMLDivElement>(null);
  const hasMoved = useRef(false);
  const open = (path: string): void => {
    hasMoved.current = true;
    at.value = path;
    if (path !== '') onOpen(path);
  };
  const { value, error } = folder;
  const up = value?.parent ?? '';
  useEffect(() => {
    // The button that was pressed is gone.
    if (hasMoved.current) group.current?.querySelector('button')?.focus();
  }, [value?.path]);
  return (
    <div class="folders" role="group" aria-label="Folders of the server" ref={group}>
      {error === undefined ? null : (
        <Problem error={error}>
          {at.value === '' ? null : (
            <button type="button" onClick={() => open('')}>
              Begin at the top
            </button>
          )}
        </Problem>
      )}
      {value === undefined ? (
        <Loading unless={error} />
      ) : (
        <>
          <p class="small" role="status">
            {value.path === null ? 'Choose from these folders.' : shownText(`In ${value.path}`)}
            {value.path !== null && value.readable && value.items.length === 0 ? ': no folders.' : ''}
          </p>
          {value.says === null ? null : <p class="small bad">{value.says}</p>}
          <ul>
            {value.path === null || value.path === '/' ? null : (
              <li>
                <button type="button" class="quiet" onClick={() => open(up)}>
                  ↑ Up
                </button>
              </li>
            )}
            {value.items.map(({ name, path }) => (
              <li key={name}>
                <button
                  type="button"
                  class="quiet"
                  disabled={path === null}
                  onClick={() => path !== null && open(path)}
                >
                  {shownText(name)}
                </button>
              </li>
            ))}
          </ul>
          {value.links > 0 || value.cut ? (
            <p class="hint">
              {value.cut ? 'There are more folders; type the path of one that is not listed. ' : ''}
              {value.links > 0
                ? `Not listed: ${counted(value.links, 'link')}, which scans follow only where the library says so.`
                : ''}
            </p>
          ) : null}
        </>
      )}
    </div>
  );
}
