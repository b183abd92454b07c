import type { Network } from "./addresses.js";
import { parseNetwork } from "./addresses.js";
import type { LogLevel } from "./logs.js";
import { LOG_LEVELS } from "./logs.js";
import type { Ports } from "./ports.js";
import { parsePorts } from "./ports.js";
import { SettingsReader } from "./settings_reader.js";

/** What the environment says about this function; README.md has the table. */
export interface Settings {
  readonly subscribersTable: string;
  readonly deliveriesTable: string;
  readonly deadLettersQueueUrl: string;
  readonly maxReceives: number;
  readonly attempts: number;
  readonly connectTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly subscribersCacheMs: number;
  readonly deliveriesKeptSeconds: number;
  readonly groupsAtOnce: number;
  readonly subscribersAtOnce: number;
  readonly allowHttp: boolean;
  readonly allowedPorts: Ports;
  readonly allowedPrivateNetworks: readonly Network[];
  readonly awsTimeoutMs: number;
  readonly metricsNamespace: string;
  readonly logLevel: LogLevel;
}

const SECONDS_PER_DAY = 86_400;

/** Reads all settings; throws one SettingsError that names everything that is wrong. */
export function readSettings(environment: Readonly<NodeJS.ProcessEnv>): Settings {
  const read = new SettingsReader(environment);
  const settings: Settings = {
    subscribersTable: read.text("SUBSCRIBERS_TABLE", "webhook_subscribers"),
    deliveriesTable: read.text("DELIVERIES_TABLE", "webhook_deliveries"),
    deadLettersQueueUrl: read.httpUrl("DEAD_LETTERS_QUEUE_URL"),
    maxReceives: read.whole("MAX_RECEIVES", 5, { least: 1, most: 1000 }),
    attempts: read.whole("ATTEMPTS", 3, { least: 1, most: 10 }),
    connectTimeoutMs: read.milliseconds("CONNECT_TIMEOUT_SECONDS", 3, { least: 0.05, most: 60 }),
    attemptTimeoutMs: read.milliseconds("ATTEMPT_TIMEOUT_SECONDS", 10, { least: 0.1, most: 300 }),
    subscribersCacheMs: read.milliseconds("SUBSCRIBERS_CACHE_SECONDS", 15, {
      least: 0,
      most: 3600,
    }),
    deliveriesKeptSeconds:
      read.whole("DELIVERIES_KEPT_DAYS", 15, { least: 1, most: 3650 }) * SECONDS_PER_DAY,
    groupsAtOnce: read.whole("GROUPS_AT_ONCE", 10, { least: 1, most: 100 }),
    subscribersAtOnce: read.whole("SUBSCRIBERS_AT_ONCE", 20, { least: 1, most: 100 }),
    allowHttp: read.flag("ALLOW_HTTP", false),
    allowedPorts: read.parsed("ALLOWED_PORTS", "443", parsePorts),
    allowedPrivateNetworks: read.list("ALLOWED_PRIVATE_NETWORKS", parseNetwork),
    awsTimeoutMs: read.milliseconds("AWS_TIMEOUT_SECONDS", 2, { least: 0.1, most: 60 }),
    metricsNamespace: read.text("METRICS_NAMESPACE", "Granary"),
    logLevel: read.choice("LOG_LEVEL", "info", LOG_LEVELS),
  };
  read.finish();
  return settings;
}
