/** Settings that are missing or wrong; the message has one sentence for each. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("; "));
  }
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Reads variables and remembers what is wrong with them, so that all of it is said at once. */
export class SettingsReader {
  readonly #environment: Readonly<NodeJS.ProcessEnv>;
  readonly #problems: string[] = [];

  constructor(environment: Readonly<NodeJS.ProcessEnv>) {
    this.#environment = environment;
  }

  /** Throws the SettingsError, if there is anything to say in it. */
  finish(): void {
    if (this.#problems.length > 0) {
      throw new SettingsError(this.#problems);
    }
  }

  /** Text; an empty variable counts as unset. */
  text(name: string, fallback: string): string {
    return this.#environment[name]?.trim() || fallback;
  }

  /** A mandatory http or https URL. */
  httpUrl(name: string): string {
    const value = this.text(name, "");
    if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
      this.#problems.push(`${name} is an http or https URL, not ${JSON.stringify(value)}`);
    }
    return value;
  }

  whole(name: string, fallback: number, bounds: Bounds): number {
    return this.#number(name, fallback, bounds, "a whole number", Number.isInteger);
  }

  /** A number of seconds, as milliseconds. */
  milliseconds(name: string, fallback: number, bounds: Bounds): number {
    return 1000 * this.#number(name, fallback, bounds, "a number", Number.isFinite);
  }

  flag(name: string, fallback: boolean): boolean {
    return this.choice(name, fallback ? "true" : "false", ["true", "false"]) === "true";
  }

  choice<Choice extends string>(
    name: string,
    fallback: Choice,
    choices: readonly Choice[],
  ): Choice {
    const value = this.text(name, fallback);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) {
      this.#problems.push(`${name} is one of ${choices.join(", ")}, not ${JSON.stringify(value)}`);
    }
    return found ?? fallback;
  }

  /** What `parse` makes of the text; its error says what is wrong. */
  parsed<Value>(name: string, fallback: string, parse: (text: string) => Value): Value {
    try {
      return parse(this.text(name, fallback));
    } catch (error) {
      this.#problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return parse(fallback);
    }
  }

  /** A list with commas; unset is empty. */
  list<Item>(name: string, parse: (text: string) => Item): readonly Item[] {
    return this.parsed(name, "", (text) =>
      text
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "")
        .map(parse),
    );
  }

  #number(
    name: string,
    fallback: number,
    { least, most }: Bounds,
    kind: string,
    isOfKind: (value: number) => boolean,
  ): number {
    const text = this.text(name, String(fallback));
    const value = Number(text);
    if (!isOfKind(value) || value < least || value > most) {
      this.#problems.push(
        `${name} is ${kind} from ${least} to ${most}, not ${JSON.stringify(text)}`,
      );
      return fallback;
    }
    return value;
  }
}
