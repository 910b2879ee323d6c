/** The message of whatever was thrown: JavaScript can throw any value, not only an `Error`. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
