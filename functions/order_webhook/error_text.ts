const MOST_CHARACTERS = 500;

/**
 * Returns an error's code or name, and its message, for a log or a dead letter.
 *
 * A message may quote what a subscriber sent, such as the names in its certificate, so it is cut.
 */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const text = error.message.startsWith(code) ? error.message : `${code}: ${error.message}`;
  return text.slice(0, MOST_CHARACTERS);
}
