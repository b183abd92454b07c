export function shout(text: string): string {
  return `${text.toUpperCase()}!`;
}

/** In no bundle of main.ts, which does not use it. */
export function whisper(text: string): string {
  return `${text.toLowerCase()} whispered`;
}
