import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import { hostOf, isAddress } from "./addresses.js";

/** How far an attempt got. */
export type Phase = "name" | "connect" | "tls" | "answer";

/** No answer came in time. */
export class AttemptTimeoutError extends Error {
  override readonly name = "AttemptTimeoutError";

  constructor(
    readonly phase: Phase,
    limitMs: number,
  ) {
    super(`${WAITED_FOR[phase]} within ${limitMs / 1000} s`);
  }
}

/** The connection failed; `cause` says how. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor(
    readonly phase: Phase,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const WAITED_FOR: Readonly<Record<Phase, string>> = {
  name: "no address for the name",
  connect: "no connection",
  tls: "no TLS session",
  answer: "no whole head of an answer",
};

/** What is read of an answer's body, which says nothing that is used. */
const MOST_ANSWER_BYTES = 65_536;

export interface Post {
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
  /** Finds and checks the addresses of the URL's name. */
  readonly lookup: LookupFunction;
  /** Longest time until the connection, TLS included, stands. */
  readonly connectTimeoutMs: number;
  /** Longest time for everything. */
  readonly totalTimeoutMs: number;
  /** Certificates to trust in place of the public authorities. */
  readonly ca?: string;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/**
 * Posts a body once and returns the head of the answer.
 *
 * Redirects are answers like others. Each post has a connection of its own, so that none goes to
 * an address that was checked for another name or long ago. The body of the answer is read until
 * it ends, is too long or takes too long; none of that changes what its head said.
 *
 * Rejects with AttemptTimeoutError, or with ConnectionError, whose cause may be an error of `lookup`.
 */
export function post(what: Post): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let phase: Phase = isAddress(hostOf(what.url)) ? "connect" : "name";
    let answer: Answer | undefined;
    const request = start(what);

    const settle = (error?: unknown): void => {
      clearTimeout(connectTimer);
      clearTimeout(totalTimer);
      request.destroy();
      if (answer !== undefined) {
        resolve(answer);
      } else {
        reject(error);
      }
    };
    const timer = (limitMs: number): NodeJS.Timeout =>
      setTimeout(() => settle(new AttemptTimeoutError(phase, limitMs)), limitMs);
    const totalTimer = timer(what.totalTimeoutMs);
    const connectTimer = timer(Math.min(what.connectTimeoutMs, what.totalTimeoutMs));

    const secure = what.url.protocol === "https:";
    request.on("socket", (socket: Socket) => {
      socket.on("lookup", () => {
        phase = "connect";
      });
      socket.on("connect", () => {
        phase = secure ? "tls" : "answer";
      });
      socket.on(secure ? "secureConnect" : "connect", () => {
        phase = "answer";
        clearTimeout(connectTimer);
      });
    });
    request.on("response", (response: IncomingMessage) => {
      answer = { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] };
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_ANSWER_BYTES) {
          settle();
        }
      });
      response.on("end", () => settle());
      response.on("error", () => settle());
    });
    request.on("error", (error) => settle(new ConnectionError(phase, error)));
    // A connection that ends otherwise, such as by an upgrade, has no error.
    request.on("close", () => settle(new ConnectionError(phase, "closed without an answer")));
    request.end(what.body);
  });
}

function start({ url, headers, body, lookup, connectTimeoutMs, ca }: Post): ClientRequest {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const options = {
    method: "POST",
    headers: { ...headers, "content-length": body.byteLength },
    lookup,
    agent: false,
    // By default each of several addresses has a quarter of a second, which distant ones need.
    autoSelectFamilyAttemptTimeout: Math.ceil(connectTimeoutMs / 2),
    ...(ca === undefined ? {} : { ca }),
  } as const;
  return send(url, options);
}
