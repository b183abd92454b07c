import { once } from "node:events";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";

// Listens in a thread that then never takes a connection.
const PROGRAM = `
	const { createServer } = require("node:net");
	const { parentPort, workerData } = require("node:worker_threads");
	const server = createServer().listen({ ...workerData, backlog: 1 }, () => {
		parentPort.postMessage(server.address().port);
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
	});
`;
const MORE_THAN_WAIT = 4;

/** Starts a listener whose queue is full: to who connects to it, nothing happens. */
export async function startDeafListener(host = "127.0.0.1", wantedPort = 0) {
  const worker = new Worker(PROGRAM, { eval: true, workerData: { host, port: wantedPort } });
  const [port] = (await once(worker, "message")) as [number];
  const waiting = Array.from({ length: MORE_THAN_WAIT }, () =>
    connect(port, host).on("error", () => undefined),
  );
  await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, "connect")));
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of waiting) {
        socket.destroy();
      }
      await worker.terminate();
    },
  };
}
