/** From the most talkative to the gravest. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Values of a line; never bodies, headers, secrets or URLs. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes one JSON object a line, in the form of the services' own logs. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warning(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Takes a line with its end. */
export type WriteLine = (line: string) => void;

/**
 * Writes to stdout itself: the runtime's console puts text before a line, and then neither a log
 * query nor CloudWatch's metrics find JSON in it.
 */
export const writeToStdout: WriteLine = (line) => {
  process.stdout.write(line);
};

/** Returns a logger of lines from `level` on, each with the `common` fields. */
export function createLogger(level: LogLevel, common: LogFields, write: WriteLine): Logger {
  const threshold = LOG_LEVELS.indexOf(level);
  const at =
    (own: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(own) >= threshold) {
        const timestamp = new Date().toISOString();
        write(`${JSON.stringify({ event, ...fields, level: own, timestamp, ...common })}\n`);
      }
    };
  return { debug: at("debug"), info: at("info"), warning: at("warning"), error: at("error") };
}
