import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";

const LAUNCHERS = {
  dynamodb: "tools/dynamodb_local/dynamodb_local",
  sqs: "tools/sqs_local/sqs_local",
} as const;

/**
 * Starts a local stand-in of AWS and resolves to its address.
 *
 * Its launcher is in the runfiles, where tests run. It ends with this process, which does not wait
 * for it.
 */
export async function startLocal(kind: keyof typeof LAUNCHERS): Promise<string> {
  const server = spawn(LAUNCHERS[kind], ["--stop-on-eof", "--port", "0"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const port = await new Promise<string>((resolve, reject) => {
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`${LAUNCHERS[kind]} ended with ${code}`)));
    createInterface(server.stdout).on("line", (line) => {
      const [, found] = /^listening (\d+)$/.exec(line) ?? [];
      if (found !== undefined) {
        resolve(found);
      }
    });
  });
  server.unref();
  (server.stdin as Socket).unref();
  (server.stdout as Socket).unref();
  return `http://127.0.0.1:${port}`;
}
