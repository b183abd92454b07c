/**
 * Returns the milliseconds that a Retry-After header asks for: whole seconds or an HTTP date.
 * Returns undefined for none and for what cannot be read.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) {
    return Number(text) * 1000;
  }
  // Dates start with a day's name; Date.parse would also take much that is none.
  const time = /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}
