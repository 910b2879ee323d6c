interface TurnButtonProps {
  readonly sign: '‹' | '›';
  readonly direction: 1 | -1;
  readonly onTurn: (direction: 1 | -1) => void;
}

/** Stands beside the page. In books that are read from right to left the next page is on the left. */
export function TurnButton({ sign, direction, onTurn }: TurnButtonProps) {
  return (
    <button
      type="button"
      class="turn"
      aria-label={direction === 1 ? 'Next page' : 'Previous page'}
      onClick={() => onTurn(direction)}
    >
      {sign}
    </button>
  );
}
