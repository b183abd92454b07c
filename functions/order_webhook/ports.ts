/** Ports that subscribers may listen on. */
export interface Ports {
  has(port: number): boolean;
}

const MOST = 65_535;
const PART = /^(\d{1,5})(?:-(\d{1,5}))?$/;

/** Reads a list of ports and ranges of them, such as "443,8000-8999". */
export function parsePorts(text: string): Ports {
  const ranges = text.split(",").map((part) => {
    const [, first, last] = PART.exec(part.trim()) ?? [];
    const range = { from: Number(first), to: Number(last ?? first) };
    if (!(range.from >= 1 && range.from <= range.to && range.to <= MOST)) {
      throw new RangeError(
        `ports are given like 443,8000-8999, from 1 to ${MOST}, not ${JSON.stringify(text)}`,
      );
    }
    return range;
  });
  return { has: (port) => ranges.some(({ from, to }) => from <= port && port <= to) };
}
