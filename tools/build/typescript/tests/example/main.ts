import { shout } from "./words.js";

export function greet(name: string): string {
  return shout(`hello ${name}`);
}

export function fail(): never {
  throw new Error("as asked for");
}
