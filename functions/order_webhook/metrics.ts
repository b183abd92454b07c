import type { WriteLine } from "./logs.js";

/** What is counted. */
export const COUNTS = [
  "Delivered",
  "AttemptsFailed",
  "LeftForLater",
  "DeadLettered",
  "MalformedRecords",
  "BadSubscribers",
  "SubscribersDisabled",
] as const;
export type Count = (typeof COUNTS)[number];

const DURATION = "AttemptDuration";
// CloudWatch takes no more values of a metric in one line.
const MOST_VALUES = 100;

/** Gathers figures of an invocation, and writes them as lines that CloudWatch turns into metrics. */
export class Metrics {
  readonly #counts = new Map<Count, number>();
  readonly #durations: number[] = [];

  add(count: Count, by = 1): void {
    this.#counts.set(count, (this.#counts.get(count) ?? 0) + by);
  }

  /** Remembers how many milliseconds an attempt took. */
  attemptTook(milliseconds: number): void {
    this.#durations.push(milliseconds);
  }

  /** Writes what was gathered in CloudWatch's embedded metric format, and forgets it. */
  flush(namespace: string, write: WriteLine): void {
    const durations = this.#durations.splice(0);
    const counts = Object.fromEntries(this.#counts);
    this.#counts.clear();
    if (Object.keys(counts).length > 0) {
      write(line(namespace, counts, "Count"));
    }
    for (let start = 0; start < durations.length; start += MOST_VALUES) {
      const values = durations.slice(start, start + MOST_VALUES);
      write(line(namespace, { [DURATION]: values }, "Milliseconds"));
    }
  }
}

function line(
  namespace: string,
  values: Readonly<Record<string, number | readonly number[]>>,
  unit: "Count" | "Milliseconds",
): string {
  const metrics = Object.keys(values).map((name) => ({ Name: name, Unit: unit }));
  const directive = { Namespace: namespace, Dimensions: [["service"]], Metrics: metrics };
  const about = { Timestamp: Date.now(), CloudWatchMetrics: [directive] };
  return `${JSON.stringify({ _aws: about, service: "order_webhook", ...values })}\n`;
}
