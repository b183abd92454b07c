import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Identity } from "./certificates.js";

/** A request as it came. */
export interface Delivered {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers a request that has been read. */
export type Answer = (response: ServerResponse, request: IncomingMessage, count: number) => void;

/** A running server on 127.0.0.1. */
export interface SubscriberServer extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly Delivered[];
  /** How many connections were made, requests or not. */
  readonly connections: () => number;
  answer: Answer;
}

/** Returns an answer with a status, and nothing else. */
export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(code, headers).end();
  };
}

/** Starts a subscriber; over TLS when it is given a certificate. */
export async function startSubscriber(
  answer: Answer = status(204),
  identity?: Identity,
): Promise<SubscriberServer> {
  const requests: Delivered[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener: RequestListener = async (request, response) => {
    response.on("error", () => undefined);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) {
        chunks.push(chunk);
      }
    } catch {
      return;
    }
    const body = Buffer.concat(chunks).toString();
    requests.push({ path: request.url ?? "", headers: request.headers, body });
    running.answer(response, request, requests.length);
  };
  const server =
    identity === undefined ? createHttpServer(listener) : createHttpsServer(identity, listener);
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const running: SubscriberServer = {
    port: (server.address() as AddressInfo).port,
    requests,
    connections: () => connections,
    answer,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
    },
  };
  return running;
}
