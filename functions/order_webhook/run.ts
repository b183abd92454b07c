import type { Deadline } from "./deadline.js";
import type { Logger } from "./logs.js";
import type { Metrics } from "./metrics.js";

/** What belongs to one invocation. */
export interface Run {
  readonly deadline: Deadline;
  readonly log: Logger;
  readonly metrics: Metrics;
}
